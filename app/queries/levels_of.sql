-- Levels of some features of one layer, each that of its worst part. {table}: risk_points of an edition.
-- layer: the rated features' layer; ids: their feature_ids
SELECT DISTINCT ON (source_feature_id) source_feature_id, level
FROM {table}
WHERE source_layer = %(layer)s AND source_feature_id = ANY(%(ids)s)
ORDER BY source_feature_id, array_position(ARRAY['red', 'orange', 'yellow', 'blue', 'unrated'], level)
