-- What was decided about a feature, oldest first. {decisions}: of an edition; layer, id
SELECT kind, decision, by_name, at, reason_zh, reason_en
FROM {decisions}
WHERE layer = %(layer)s AND feature_id = %(id)s
ORDER BY at, kind, reason_zh
