-- Hidden dangers of some enterprises that are not remedied, major ones first, then by deadline.
-- {table}: hidden_dangers of an edition. ids: enterprise numbers
SELECT
    enterprise_id,
    danger_id,
    severity,
    description,
    found_on,
    deadline_on,
    responsible_person
FROM {table}
WHERE status = 'open' AND enterprise_id = ANY(%(ids)s)
ORDER BY (severity = 'major') DESC, deadline_on ASC NULLS LAST, danger_id ASC
