-- What the checks said of the rows that the register holds now: warnings and repairs of the newest loads.
-- :rules, JSON array of the numbered rules; a load that held all of its source's rows puts earlier ones out of date.
CREATE TABLE {findings} AS
WITH whole AS (
    SELECT
        source_id,
        max(load_id) AS load_id
    FROM ops.loads_in_force
    WHERE coalesce((notes ->> 'is_full')::boolean, TRUE)
    GROUP BY source_id
),

said AS (
    SELECT layer, feature_id, load_id, rule_id, field, value, detail FROM ops.warnings
    UNION ALL
    SELECT layer, feature_id, load_id, rule_id, 'geometry', NULL, detail FROM ops.repaired
)

SELECT
    said.*,
    loads.source_id,
    rules.severity,
    rules.reason_zh,
    rules.reason_en,
    rules.advice_zh,
    rules.advice_en
FROM said
INNER JOIN ops.loads_in_force AS loads USING (load_id)
LEFT JOIN whole USING (source_id)
LEFT JOIN
    jsonb_to_recordset(CAST(:rules AS jsonb)) AS rules (
        rule_id text, severity text, reason_zh text, reason_en text, advice_zh text, advice_en text
    )
    USING (rule_id)
WHERE said.load_id >= coalesce(whole.load_id, 0)
