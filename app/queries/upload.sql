-- One upload. upload_id: its number
SELECT upload_id, title, label, as_of, created_at
FROM ops.uploads
WHERE upload_id = %(upload_id)s
