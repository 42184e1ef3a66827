-- The newest record of every place that has one. places: keys
SELECT DISTINCT ON (place)
    place,
    outcome,
    least(recorded_at, received_at) AS recorded_at
FROM ops.patrol_records
WHERE place = ANY(%(places)s)
ORDER BY place ASC, least(recorded_at, received_at) DESC, record_id ASC
