-- Refused rows of loads in force by source and rule. newest: only of the newest load of each source; load_id: or NULL
SELECT
    refused.source_id,
    max(loads.title_zh) AS title_zh,
    max(loads.title_en) AS title_en,
    refused.rule_id,
    max(refused.reason_zh) AS reason_zh,
    max(refused.reason_en) AS reason_en,
    count(*) AS n
FROM ops.refused AS refused
INNER JOIN ops.loads_in_force AS loads USING (load_id)
WHERE
    (%(load_id)s::integer IS NULL OR refused.load_id = %(load_id)s)
    AND (
        NOT %(newest)s
        OR refused.load_id = (SELECT max(other.load_id) FROM ops.loads_in_force AS other WHERE other.source_id = refused.source_id)
    )
GROUP BY refused.source_id, refused.rule_id
ORDER BY refused.source_id, refused.rule_id
