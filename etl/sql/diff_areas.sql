-- Area of the zones by policy and level in two editions, km2.
SELECT
    policy,
    level,
    round(coalesce(b.area_km2, 0)::numeric, 4)::float8 AS before,
    round(coalesce(a.area_km2, 0)::numeric, 4)::float8 AS after
FROM (SELECT policy, level, sum(area_m2) / 1e6 AS area_km2 FROM {before} GROUP BY policy, level) AS b
FULL JOIN (SELECT policy, level, sum(area_m2) / 1e6 AS area_km2 FROM {after} GROUP BY policy, level) AS a
    USING (policy, level)
ORDER BY policy, array_position(ARRAY['red', 'orange', 'yellow', 'blue', 'unrated'], level)
