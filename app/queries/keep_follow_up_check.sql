-- Keep what an edition says of an entry; another request may have kept the same meanwhile.
-- ref, edition, state: of the check; figures: JSON text or null
INSERT INTO ops.follow_up_checks (ref, edition, state, figures)
VALUES (%(ref)s, %(edition)s, %(state)s, %(figures)s::jsonb)
ON CONFLICT DO NOTHING
