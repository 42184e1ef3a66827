-- Records that are one enterprise's place with a feature, by the edition's links. {table}: linked_records of an edition.
-- layer, id: the feature
SELECT
    other.layer,
    other.feature_id
FROM {table} AS own
INNER JOIN {table} AS other USING (entity_id)
WHERE own.layer = %(layer)s AND own.feature_id = %(id)s
ORDER BY other.layer, other.feature_id
