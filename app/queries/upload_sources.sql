-- What a person confirmed about an upload. upload_id: its number
SELECT source_id, file, dataset, decisions, manifest, confirmed_by, confirmed_at
FROM ops.upload_sources
WHERE upload_id = %(upload_id)s
ORDER BY source_id
