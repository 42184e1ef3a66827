-- Keep what a draft's form holds now, unless it has become a case. ref: its number; kind: kind of case; form: JSON text
UPDATE ops.case_drafts
SET form = %(form)s::jsonb,
    saved_at = now()
WHERE ref = %(ref)s
    AND kind = %(kind)s
    AND NOT EXISTS (SELECT 1 FROM ops.cases WHERE cases.ref = case_drafts.ref)
