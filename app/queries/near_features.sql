-- Features near a place, nearest first, each with the number of all of them. {table}: a layer's table of an edition.
-- lon, lat: storage CRS, degrees; near_m: metres on the sphere; n_most: rows at most
WITH near AS (
    SELECT
        to_jsonb(feature) - 'geom' AS properties,
        ST_DistanceSphere(feature.geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), ST_SRID(feature.geom))) AS distance_m
    FROM {table} AS feature
    WHERE
        feature.geom && ST_Expand(
            ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), (SELECT ST_SRID(geom) FROM {table} WHERE geom IS NOT NULL LIMIT 1)),
            %(near_m)s / (111000.0 * cos(radians(%(lat)s))),
            %(near_m)s / 110000.0
        )
)
SELECT
    properties,
    distance_m,
    count(*) OVER () AS n
FROM near
WHERE distance_m <= %(near_m)s
ORDER BY distance_m, properties ->> 'feature_id'
LIMIT %(n_most)s
