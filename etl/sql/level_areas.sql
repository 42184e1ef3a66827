-- Zones of an edition by level, under the policy that it shows.
SELECT
    level,
    count(*) AS zones,
    sum(area_m2) / 1e6 AS area_km2
FROM {zones}
WHERE policy = (SELECT value #>> '{{policy}}' FROM {meta} WHERE key = 'area')
GROUP BY level
