-- Every pipeline with its main figures; lengths are metres on the ellipsoid. {table}: pipelines of an edition.
SELECT
    feature_id AS id,
    name,
    operator,
    kind,
    medium,
    diameter_mm,
    pressure_mpa,
    status,
    coalesce(start_chainage_m, 0) AS start_chainage_m,
    coalesce(start_chainage_m, 0) + ST_Length(geom::geography) AS end_chainage_m,
    ST_Length(geom::geography) AS length_m
FROM {table}
ORDER BY name, feature_id
