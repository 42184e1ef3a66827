-- Warnings of the newest load in force of each source, or of one load.
-- :load_id, :source_id, :rule_id, each may be NULL
SELECT
    w.load_id,
    w.source_id,
    w.rule_id,
    w.layer,
    w.feature_id,
    w.file,
    w.source_row AS row,
    w.field,
    w.value,
    w.detail
FROM ops.warnings AS w
INNER JOIN ops.loads_in_force AS l USING (load_id)
WHERE
    w.load_id = coalesce(
        :load_id, (SELECT max(newest.load_id) FROM ops.loads_in_force AS newest WHERE newest.source_id = w.source_id)
    )
    AND w.source_id = coalesce(:source_id, w.source_id)
    AND w.rule_id = coalesce(:rule_id, w.rule_id)
ORDER BY w.rule_id, w.source_id, w.feature_id, w.field, w.detail
