-- Features of one layer whose name or number holds a text, best first.
-- {table}: the layer's table of an edition; {label}, {sub}: what is shown; {matches}: conditions on the columns
-- that are searched; {point}: a point on the feature in the storage CRS, or a null.
-- text: what is looked for; like: %%text%%, escaped; begins: text%%, escaped; layer: its id; n_most: at most
SELECT
    %(layer)s AS layer,
    feature_id AS id,
    {label} AS label,
    {sub} AS sub,
    ST_X({point}) AS lon,
    ST_Y({point}) AS lat,
    CASE
        WHEN feature_id = %(text)s OR {label} = %(text)s THEN 0
        WHEN {label} ILIKE %(begins)s THEN 1
        ELSE 2
    END AS distance
FROM {table}
WHERE feature_id ILIKE %(begins)s OR {matches}
ORDER BY distance, length({label}), feature_id
LIMIT %(n_most)s
