-- A file of an upload is there; one of the same name is replaced.
-- upload_id: number of the upload; name: of the file; size_bytes, sha256: of its content
INSERT INTO ops.upload_files (upload_id, name, size_bytes, sha256)
VALUES (%(upload_id)s, %(name)s, %(size_bytes)s, %(sha256)s)
ON CONFLICT (upload_id, name) DO UPDATE
SET size_bytes = excluded.size_bytes, sha256 = excluded.sha256, uploaded_at = now()
