-- Pipelines whose name or number holds a text. {table}: pipelines of an edition.
-- like: %%text%%, escaped; n_most: rows at most. The line is in the storage CRS.
SELECT
    feature_id AS id,
    name,
    coalesce(start_chainage_m, 0) AS start_m,
    ST_AsBinary(geom) AS wkb
FROM {table}
WHERE geom IS NOT NULL AND (name ILIKE %(like)s OR feature_id ILIKE %(like)s)
ORDER BY name, feature_id
LIMIT %(n_most)s
