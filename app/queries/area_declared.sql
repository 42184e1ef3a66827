-- The area of this database; no row before the first load.
SELECT
    id,
    declaration,
    ST_AsGeoJSON(ST_SimplifyPreserveTopology(ST_GeomFromWKB(boundary_wkb), 0.0005), 5)::json AS outline
FROM ops.area
