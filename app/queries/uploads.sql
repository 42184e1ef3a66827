-- Uploads, newest first, with their files and what has become of them. most: uploads at most
SELECT
    uploads.upload_id,
    uploads.title,
    uploads.label,
    uploads.as_of,
    uploads.created_at,
    coalesce(files.names, ARRAY[]::text[]) AS files,
    coalesce(files.size_bytes, 0) AS size_bytes,
    newest.kind AS last_kind,
    newest.state AS last_state
FROM ops.uploads AS uploads
LEFT JOIN LATERAL (
    SELECT
        array_agg(name ORDER BY name) AS names,
        sum(size_bytes)::bigint AS size_bytes
    FROM ops.upload_files
    WHERE upload_id = uploads.upload_id
) AS files ON true
LEFT JOIN LATERAL (
    SELECT kind, state
    FROM ops.jobs
    WHERE upload_id = uploads.upload_id
    ORDER BY job_id DESC
    LIMIT 1
) AS newest ON true
ORDER BY uploads.created_at DESC
LIMIT %(most)s
