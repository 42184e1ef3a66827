-- The rating of a feature. {table}: risk_points of an edition. layer, id: the rated feature.
SELECT to_jsonb(point) - 'geom' AS properties
FROM {table} AS point
WHERE source_layer = %(layer)s AND source_feature_id = %(id)s
ORDER BY point_id
LIMIT 1
