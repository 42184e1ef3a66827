-- Records with the numbers of the photos that came, the newest first. record_id, list_ref: only that, or nulls;
-- places: only those of these keys, or a null; n_most: rows at most. No record was made after it was received.
SELECT
    record.record_id,
    record.list_ref,
    record.place,
    record.name,
    record.town_name,
    record.edition,
    record.outcome,
    record.note,
    record.n_photos,
    record.arrived_at,
    least(record.recorded_at, record.received_at) AS recorded_at,
    record.received_at,
    array(
        SELECT photo.number
        FROM ops.patrol_photos AS photo
        WHERE photo.record_id = record.record_id
        ORDER BY photo.number
    ) AS photos
FROM ops.patrol_records AS record
WHERE
    (%(record_id)s::text IS NULL OR record.record_id = %(record_id)s)
    AND (%(list_ref)s::text IS NULL OR record.list_ref = %(list_ref)s)
    AND (%(places)s::text[] IS NULL OR record.place = ANY(%(places)s))
ORDER BY least(record.recorded_at, record.received_at) DESC, record.record_id
LIMIT %(n_most)s
