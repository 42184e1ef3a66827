-- A file of an upload is gone, and what was confirmed of it. upload_id: number of the upload; name: of the file
WITH confirmed AS (
    DELETE FROM ops.upload_sources
    WHERE upload_id = %(upload_id)s AND file = %(name)s
)
DELETE FROM ops.upload_files
WHERE upload_id = %(upload_id)s AND name = %(name)s
