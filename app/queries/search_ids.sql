-- Some features of one layer as the search box shows them. {table}, {label}, {sub}, {point} as in search; ids: theirs
SELECT
    %(layer)s AS layer,
    feature_id AS id,
    {label} AS label,
    {sub} AS sub,
    ST_X({point}) AS lon,
    ST_Y({point}) AS lat
FROM {table}
WHERE feature_id = ANY(%(ids)s)
