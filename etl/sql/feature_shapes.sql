-- Geometries of some features as WKB, in the order of feature_id. {table}: the table. ids: feature ids.
SELECT ST_AsBinary(geom) AS wkb
FROM {table}
WHERE feature_id = ANY(:ids)
ORDER BY feature_id
