-- Warnings and repairs of a load by rule. load_id: its number
SELECT 'warned' AS kind, rule_id, count(*) AS n, min(detail) AS detail
FROM ops.warnings
WHERE load_id = %(load_id)s
GROUP BY rule_id
UNION ALL
SELECT 'repaired' AS kind, rule_id, count(*) AS n, min(detail) AS detail
FROM ops.repaired
WHERE load_id = %(load_id)s
GROUP BY rule_id
ORDER BY kind, rule_id
