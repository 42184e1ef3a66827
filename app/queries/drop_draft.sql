-- Forget a draft that has not become a case. ref: its number; kind: kind of case
DELETE FROM ops.case_drafts
WHERE ref = %(ref)s
    AND kind = %(kind)s
    AND NOT EXISTS (SELECT 1 FROM ops.cases WHERE cases.ref = case_drafts.ref)
