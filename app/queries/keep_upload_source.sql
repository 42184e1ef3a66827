-- What a person confirmed about one table of an upload; what was confirmed of the same table before is replaced.
-- upload_id: number; source_id: of the source; file, dataset: the table; decisions: JSON text; confirmed_by: who
WITH former AS (
    DELETE FROM ops.upload_sources
    WHERE upload_id = %(upload_id)s AND file = %(file)s AND dataset = %(dataset)s AND source_id <> %(source_id)s
)
INSERT INTO ops.upload_sources (upload_id, source_id, file, dataset, decisions, manifest, confirmed_by)
VALUES (%(upload_id)s, %(source_id)s, %(file)s, %(dataset)s, %(decisions)s::jsonb, '', %(confirmed_by)s)
ON CONFLICT (upload_id, source_id) DO UPDATE
SET
    file = excluded.file,
    dataset = excluded.dataset,
    decisions = excluded.decisions,
    manifest = '',
    confirmed_by = excluded.confirmed_by,
    confirmed_at = now()
