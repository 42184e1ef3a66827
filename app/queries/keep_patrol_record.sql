-- Keep what an inspector recorded; the same record again changes nothing and gives no row.
-- record_id; list_ref or a null; place: its key; name, town_name: of the place; edition: number; outcome; note;
-- n_photos; arrived_at or a null, recorded_at: times with zone
INSERT INTO ops.patrol_records (
    record_id,
    list_ref,
    place,
    name,
    town_name,
    edition,
    outcome,
    note,
    n_photos,
    arrived_at,
    recorded_at
)
VALUES (
    %(record_id)s,
    %(list_ref)s,
    %(place)s,
    %(name)s,
    %(town_name)s,
    %(edition)s,
    %(outcome)s,
    %(note)s,
    %(n_photos)s,
    %(arrived_at)s,
    %(recorded_at)s
)
ON CONFLICT DO NOTHING
