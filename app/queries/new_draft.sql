-- Keep a new draft. ref: its number; kind: kind of case; form: JSON text; copied_from: number of the case it was copied from, or NULL
INSERT INTO ops.case_drafts (ref, kind, form, copied_from)
VALUES (%(ref)s, %(kind)s, %(form)s::jsonb, %(copied_from)s)
