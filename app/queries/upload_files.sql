-- Files of an upload. upload_id: its number
SELECT name, size_bytes, sha256, uploaded_at
FROM ops.upload_files
WHERE upload_id = %(upload_id)s
ORDER BY name
