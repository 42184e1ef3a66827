-- Tells of features that stand in their former state because their new row was refused; the loads before it are unchanged.
-- :source_id, :load_id, :layer, :rule_id; refused rows as arrays :keys, :files, :rows (their numbers, files and rows)
INSERT INTO ops.warnings (load_id, source_id, layer, feature_id, file, source_row, field, rule_id, detail)
SELECT
    :load_id,
    :source_id,
    :layer,
    r.feature_id,
    refused.file,
    refused.source_row,
    'feature_id',
    :rule_id,
    concat_ws(' ', r.source_file, r.source_row)
FROM unnest(CAST(:keys AS text []), CAST(:files AS text []), CAST(:rows AS integer [])) AS refused (feature_id, file, source_row)
INNER JOIN {register} AS r USING (feature_id)
LEFT JOIN {staging} AS s USING (feature_id)
WHERE
    r.to_load IS NULL
    AND r.source_id = :source_id
    AND s.feature_id IS NULL
ORDER BY r.feature_id
