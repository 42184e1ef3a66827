-- Keep a case; no row where its number has one. ref: its number; kind: kind of case; edition: number of the edition that it was judged by;
-- request, answer: JSON texts
INSERT INTO ops.cases (ref, kind, edition, request, answer)
VALUES (%(ref)s, %(kind)s, %(edition)s, %(request)s::jsonb, %(answer)s::jsonb)
ON CONFLICT (ref) DO NOTHING
RETURNING ref
