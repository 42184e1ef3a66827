-- Features of a layer whose box meets any of some boxes, each once, in the order of their numbers.
-- {table}: the layer's table of an edition; {columns}: its columns that are wanted.
-- west, south, east, north: a list each, one entry a box, degrees of the storage CRS; srid: its number
WITH box AS (
    SELECT ST_MakeEnvelope(west, south, east, north, %(srid)s) AS geom
    FROM unnest(
        %(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[]
    ) AS box (west, south, east, north)
),
hit AS (
    SELECT DISTINCT feature.feature_id
    FROM box
    INNER JOIN {table} AS feature ON feature.geom && box.geom
)
SELECT
    {columns},
    ST_AsBinary(geom)
FROM {table}
INNER JOIN hit USING (feature_id)
ORDER BY feature_id COLLATE "C"
