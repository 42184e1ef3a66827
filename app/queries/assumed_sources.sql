-- Sources of danger by level, and how many of them rest on an assumption. {table}: risk points of the edition.
SELECT
    level,
    count(*) AS n,
    count(*) FILTER (WHERE is_assumption) AS n_assumed
FROM {table}
GROUP BY level
