-- Title and supplier in both languages and date of every source by its newest load.
SELECT DISTINCT ON (source_id)
    source_id,
    title_zh,
    title_en,
    supplier,
    supplier_en,
    as_of
FROM ops.loads_in_force
ORDER BY source_id, load_id DESC
