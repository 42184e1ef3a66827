-- A draft. ref: its number; kind: kind of case
SELECT
    drafts.ref,
    drafts.form,
    drafts.copied_from,
    drafts.created_at,
    drafts.saved_at,
    EXISTS (SELECT 1 FROM ops.cases WHERE cases.ref = drafts.ref) AS is_judged
FROM ops.case_drafts AS drafts
WHERE drafts.ref = %(ref)s
    AND drafts.kind = %(kind)s
