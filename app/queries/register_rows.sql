-- Current rows of the register. {table}: a layer's table of the register. ids: feature ids. Degrees of the storage CRS.
SELECT
    feature_id,
    source_id,
    to_jsonb(r) - 'geom' AS properties,
    ST_X(ST_Centroid(geom)) AS lon,
    ST_Y(ST_Centroid(geom)) AS lat
FROM {table} AS r
WHERE to_load IS NULL AND feature_id = ANY(%(ids)s)
