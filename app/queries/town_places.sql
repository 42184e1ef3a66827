-- A point in every town, degrees of the storage CRS. {table}: towns of an edition.
SELECT
    name,
    ST_X(ST_PointOnSurface(geom)) AS lon,
    ST_Y(ST_PointOnSurface(geom)) AS lat
FROM {table}
ORDER BY name
