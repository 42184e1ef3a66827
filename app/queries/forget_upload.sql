-- Delete an upload with what was confirmed of it; its jobs stay. upload_id: its number
WITH jobs AS (
    UPDATE ops.job_notes
    SET upload_id = NULL
    WHERE upload_id = %(upload_id)s
)
DELETE FROM ops.uploads
WHERE upload_id = %(upload_id)s
