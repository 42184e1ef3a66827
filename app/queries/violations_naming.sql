-- Conflicts that one pipeline has part in, as subject or as object. {table}: distance_violations of an edition. id: feature_id of the pipeline.
-- The line is WKB, storage CRS.
SELECT
    violation_id,
    rule_id,
    rule_kind,
    subject_layer,
    subject_feature_id,
    subject_name,
    object_layer,
    object_feature_id,
    object_name,
    required_m,
    actual_m,
    error_m,
    certainty,
    is_historic,
    is_estimated,
    standard_id,
    clause,
    source_type,
    ST_AsBinary(geom) AS wkb
FROM {table}
WHERE
    (subject_layer = 'pipelines' AND subject_feature_id = %(id)s)
    OR (object_layer = 'pipelines' AND object_feature_id = %(id)s)
ORDER BY violation_id
