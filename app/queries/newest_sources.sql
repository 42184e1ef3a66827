-- Title, supplier and date of every source by its newest load.
SELECT DISTINCT ON (source_id)
    source_id,
    title_zh,
    supplier,
    as_of
FROM ops.loads_in_force
ORDER BY source_id, load_id DESC
