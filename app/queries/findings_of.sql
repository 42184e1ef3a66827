-- What the checks said of a feature. {findings}: of an edition; layer, id; source_id, load_id: where it comes from.
-- What was said of its own source's earlier rows no longer holds.
SELECT load_id, rule_id, severity, field, value, detail, reason_zh, reason_en, advice_zh, advice_en
FROM {findings}
WHERE
    layer = %(layer)s
    AND feature_id = %(id)s
    AND (source_id <> %(source_id)s OR load_id >= %(load_id)s)
ORDER BY rule_id, load_id, field
