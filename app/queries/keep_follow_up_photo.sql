-- Note a photo of an entry; the same photo again is the same row. ref, sha256, name; width_px, height_px: of the kept picture
INSERT INTO ops.follow_up_photos (ref, sha256, name, width_px, height_px)
VALUES (%(ref)s, %(sha256)s, %(name)s, %(width_px)s, %(height_px)s)
ON CONFLICT DO NOTHING
