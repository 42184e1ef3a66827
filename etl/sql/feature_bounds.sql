-- Boxes of the placed features of a table, in the order of feature_id: west, south, east and north of each as eight bytes,
-- most significant first, degrees of the storage CRS; NULL where there is none. {table}: the table.
SELECT string_agg(
    float8send(ST_XMin(geom)) || float8send(ST_YMin(geom)) || float8send(ST_XMax(geom)) || float8send(ST_YMax(geom)), ''
    ORDER BY feature_id
)
FROM {table}
WHERE geom IS NOT NULL AND NOT ST_IsEmpty(geom)
