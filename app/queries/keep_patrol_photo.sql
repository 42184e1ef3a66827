-- Note a photo of a record; one that is there already stays. record_id, number, sha256; width_px, height_px: as kept
INSERT INTO ops.patrol_photos (record_id, number, sha256, width_px, height_px)
VALUES (%(record_id)s, %(number)s, %(sha256)s, %(width_px)s, %(height_px)s)
ON CONFLICT DO NOTHING
