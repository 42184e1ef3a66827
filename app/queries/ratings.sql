-- Ratings of one policy, without outlines, with a place to go to.
-- {table}: town_ratings, park_ratings or group_ratings of an edition; {place}: a point of the row, or a null
-- policies: ids of policies
SELECT
    to_jsonb(rating) - 'geom' AS properties,
    ST_X({place}) AS lon,
    ST_Y({place}) AS lat
FROM {table} AS rating
WHERE policy = ANY(%(policies)s)
ORDER BY
    array_position(ARRAY['red', 'orange', 'yellow', 'blue', 'unrated'], level),
    rating_id
