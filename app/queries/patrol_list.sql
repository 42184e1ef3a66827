-- A kept list of a day. ref: its number
SELECT
    ref,
    on_date,
    edition,
    start,
    places,
    created_at
FROM ops.patrol_lists
WHERE ref = %(ref)s
