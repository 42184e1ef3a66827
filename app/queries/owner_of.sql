-- The enterprise that a feature belongs to. {table}: a layer of an edition that has enterprise_id. id: feature number
SELECT enterprise_id
FROM {table}
WHERE feature_id = %(id)s
