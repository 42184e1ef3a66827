-- Photos of an entry, oldest first. ref: its number
SELECT
    sha256,
    name,
    width_px,
    height_px,
    added_at
FROM ops.follow_up_photos
WHERE ref = %(ref)s
ORDER BY added_at, sha256
