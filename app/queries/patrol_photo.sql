-- Hash of a photo. record_id; number
SELECT sha256
FROM ops.patrol_photos
WHERE record_id = %(record_id)s AND number = %(number)s
