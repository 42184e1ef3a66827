-- Cases whose newest judgement is by an earlier edition, oldest first. kind: kind of case; edition: the edition served; most: rows at most
SELECT cases.ref
FROM ops.cases AS cases
WHERE cases.kind = %(kind)s
    AND cases.edition < %(edition)s
    AND NOT EXISTS (SELECT 1 FROM ops.case_checks AS checks WHERE checks.ref = cases.ref AND checks.edition >= %(edition)s)
ORDER BY cases.created_at
LIMIT %(most)s
