-- Conflicts that some features have part in, as subject or as object. {table}: distance_violations of an edition.
-- layers, ids: a list each, one entry a feature
WITH asked AS (
    SELECT * FROM unnest(%(layers)s::text[], %(ids)s::text[]) AS asked (layer, id)
),
side AS (
    SELECT violation_id, subject_layer AS layer, subject_feature_id AS id FROM {table}
    UNION
    SELECT violation_id, object_layer, object_feature_id FROM {table}
)
SELECT
    layer,
    id,
    array_agg(violation_id) AS violation_ids
FROM side
INNER JOIN asked USING (layer, id)
GROUP BY layer, id
