-- What an upload belongs to. upload_id: its number; title, label: texts; as_of: ISO date, or NULL
UPDATE ops.uploads
SET title = %(title)s, label = %(label)s, as_of = %(as_of)s::date
WHERE upload_id = %(upload_id)s
