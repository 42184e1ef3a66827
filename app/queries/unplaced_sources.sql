-- Sources of danger without a position, by level. {table}: risk_points of an edition; {reach}: how far each may matter.
SELECT
    level,
    count(*) AS n
FROM {table}
WHERE geom IS NULL AND {reach} > 0
GROUP BY level
