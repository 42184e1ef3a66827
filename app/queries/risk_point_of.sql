-- The rating of a feature, that of its worst part where parts of it are rated apart. {table}: risk_points of an edition. layer, id: the rated feature.
SELECT to_jsonb(point) - 'geom' AS properties
FROM {table} AS point
WHERE source_layer = %(layer)s AND source_feature_id = %(id)s
ORDER BY array_position(ARRAY['red', 'orange', 'yellow', 'blue', 'unrated'], level), point_id
LIMIT 1
