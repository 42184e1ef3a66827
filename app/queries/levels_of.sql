-- Levels of some features of one layer. {table}: risk_points of an edition.
-- layer: the rated features' layer; ids: their feature_ids
SELECT source_feature_id, level
FROM {table}
WHERE source_layer = %(layer)s AND source_feature_id = ANY(%(ids)s)
