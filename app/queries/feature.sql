-- One feature with all its columns.
-- {table}: the layer's table of an edition; {geometry}: its geometry column, or a null for a layer without one.
-- id: feature_id. The geometry comes as GeoJSON in the storage CRS.
SELECT
    to_jsonb(feature) - 'geom' AS properties,
    ST_AsGeoJSON({geometry}, 8, 0)::json AS geometry
FROM {table} AS feature
WHERE feature_id = %(id)s
