-- Write down what happened to an entry. ref: its number; kind: of the event; data: JSON text
INSERT INTO ops.follow_up_events (ref, kind, data)
VALUES (%(ref)s, %(kind)s, %(data)s::jsonb)
