-- Pipelines whose name or number holds a text and that reach a chainage, with the place of that chainage.
-- {table}: pipelines of an edition. like: %%text%%, escaped; chainage_m: metres; srid: storage CRS; metric: its
-- proj string; n_most: rows at most. The line is measured in the area's metric CRS.
WITH line AS (
    SELECT
        feature_id,
        name,
        coalesce(start_chainage_m, 0) AS start_m,
        ST_LineMerge(ST_Transform(geom, %(metric)s)) AS geom
    FROM {table}
    WHERE name ILIKE %(like)s OR feature_id ILIKE %(like)s
),
single AS (
    SELECT
        *,
        ST_Length(geom) AS length_m
    FROM line
    WHERE GeometryType(geom) = 'LINESTRING'
),
place AS (
    SELECT
        feature_id,
        name,
        ST_Transform(
            ST_SetSRID(ST_LineInterpolatePoint(geom, (%(chainage_m)s - start_m) / length_m), 0), %(metric)s, %(srid)s
        ) AS geom
    FROM single
    WHERE length_m > 0 AND %(chainage_m)s BETWEEN start_m AND start_m + length_m
)
SELECT
    feature_id AS id,
    name,
    ST_X(geom) AS lon,
    ST_Y(geom) AS lat
FROM place
ORDER BY name
LIMIT %(n_most)s
