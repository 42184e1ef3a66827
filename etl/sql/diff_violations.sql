-- Conflicts that came and went between two editions, by rule.
SELECT
    coalesce(a.rule_id, b.rule_id) AS rule_id,
    count(*) FILTER (WHERE b.violation_id IS NULL) AS added,
    count(*) FILTER (WHERE a.violation_id IS NULL) AS gone
FROM {before} AS b
FULL JOIN {after} AS a USING (violation_id)
GROUP BY 1
HAVING count(*) FILTER (WHERE b.violation_id IS NULL OR a.violation_id IS NULL) > 0
ORDER BY 1
