-- The load that a feature came with, and the newest one that held all rows of the same source.
-- {loads}: the loads of an edition; load_id
SELECT
    loads.*,
    (
        SELECT jsonb_build_object('load_id', newest.load_id, 'delivery', newest.delivery_label, 'as_of', newest.as_of)
        FROM {loads} AS newest
        WHERE newest.source_id = loads.source_id AND newest.is_full AND newest.load_id > loads.load_id
        ORDER BY newest.load_id DESC
        LIMIT 1
    ) AS confirmed
FROM {loads} AS loads
WHERE loads.load_id = %(load_id)s
