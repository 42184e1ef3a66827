-- A new upload. upload_id: its number; title: what people call it
INSERT INTO ops.uploads (upload_id, title)
VALUES (%(upload_id)s, %(title)s)
