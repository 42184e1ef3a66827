-- Take back what was confirmed about a table. upload_id: number of the upload; source_id: of the source
DELETE FROM ops.upload_sources
WHERE upload_id = %(upload_id)s AND source_id = %(source_id)s
