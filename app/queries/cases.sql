-- Kept cases of a kind, newest first, each with its newest answer. kind: the kind; most: rows at most
SELECT
    cases.ref,
    cases.edition,
    cases.request,
    coalesce(newest.answer, cases.answer) AS answer,
    coalesce(newest.edition, cases.edition) AS checked_edition,
    coalesce(newest.has_changed, false) AS has_changed,
    cases.created_at
FROM ops.cases AS cases
LEFT JOIN LATERAL (
    SELECT checks.edition, checks.answer, checks.has_changed
    FROM ops.case_checks AS checks
    WHERE checks.ref = cases.ref
    ORDER BY checks.edition DESC
    LIMIT 1
) AS newest ON true
WHERE cases.kind = %(kind)s
ORDER BY cases.created_at DESC, cases.ref DESC
LIMIT %(most)s
