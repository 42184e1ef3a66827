-- Drafts of a kind that are no cases yet, newest first. kind: kind of case; most: rows at most
SELECT drafts.ref, drafts.form, drafts.copied_from, drafts.created_at, drafts.saved_at
FROM ops.case_drafts AS drafts
WHERE drafts.kind = %(kind)s
    AND NOT EXISTS (SELECT 1 FROM ops.cases WHERE cases.ref = drafts.ref)
ORDER BY drafts.created_at DESC
LIMIT %(most)s
