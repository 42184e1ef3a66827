-- Geometries as WKB of the features at some places of `feature_bounds`, in its order. {table}: the table. places: from 0.
SELECT ST_AsBinary(geom) AS wkb
FROM (
    SELECT
        geom,
        row_number() OVER (ORDER BY feature_id) - 1 AS place
    FROM {table}
    WHERE geom IS NOT NULL AND NOT ST_IsEmpty(geom)
) AS placed
WHERE place = ANY(:places)
ORDER BY place
