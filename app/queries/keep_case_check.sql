-- Keep a later judgement; another request may have kept the same meanwhile.
-- ref, edition, has_changed: of the judgement; answer: JSON text
INSERT INTO ops.case_checks (ref, edition, answer, has_changed)
VALUES (%(ref)s, %(edition)s, %(answer)s::jsonb, %(has_changed)s)
ON CONFLICT DO NOTHING
