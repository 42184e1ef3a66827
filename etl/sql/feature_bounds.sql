-- Boxes of the placed features of a table, in the order of feature_id, degrees of the storage CRS. {table}: the table.
SELECT
    feature_id,
    ST_XMin(geom) AS west,
    ST_YMin(geom) AS south,
    ST_XMax(geom) AS east,
    ST_YMax(geom) AS north
FROM {table}
WHERE geom IS NOT NULL AND NOT ST_IsEmpty(geom)
ORDER BY feature_id
