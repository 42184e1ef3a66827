-- A feature's row without its geometry. {table}: a layer's table of an edition. id: feature_id
SELECT to_jsonb(feature) - 'geom' AS properties
FROM {table} AS feature
WHERE feature_id = %(id)s
