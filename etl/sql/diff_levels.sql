-- Sources whose level differs between two editions, with the reason that holds after.
SELECT
    point_id,
    coalesce(a.name, b.name) AS name,
    b.level AS before,
    a.level AS after,
    coalesce(a.reason_zh, b.reason_zh) AS reason_zh,
    coalesce(a.reason_en, b.reason_en) AS reason_en,
    coalesce(a.town_name, b.town_name) AS town_name
FROM {before} AS b
FULL JOIN {after} AS a USING (point_id)
WHERE b.level IS DISTINCT FROM a.level
ORDER BY
    array_position(ARRAY['red', 'orange', 'yellow', 'blue', 'unrated'], coalesce(a.level, b.level)),
    point_id
