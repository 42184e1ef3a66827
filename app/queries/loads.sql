-- Loads, newest first, with whether a later load stands on each. source: only of one source, or NULL; most: at most
SELECT
    load_id,
    delivery_label,
    as_of,
    source_id,
    layer,
    title_zh,
    title_en,
    supplier,
    supplier_en,
    files,
    n_read,
    n_accepted,
    n_added,
    n_changed,
    n_gone,
    n_unchanged,
    n_held,
    n_merged,
    n_refused,
    n_repaired,
    n_unplaced,
    n_warned,
    n_moved,
    loaded_at,
    approved_by,
    rolled_back_at,
    rolled_back_by,
    rolled_back_reason
FROM ops.loads
WHERE (%(source)s::text IS NULL OR source_id = %(source)s) AND (%(load_id)s::integer IS NULL OR load_id = %(load_id)s)
ORDER BY load_id DESC
LIMIT %(most)s
