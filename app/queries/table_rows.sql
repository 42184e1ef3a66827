-- Rows of a layer's table as the page shows them, each with a place on the map (degrees of the storage CRS).
-- {table}: the layer's table of an edition. What is joined to it, {columns}, {point}, {conditions} and {order}
-- come from the catalog. n_most: rows at most; n_skipped: rows before them
SELECT
    feature.feature_id AS id,
    ST_X({point}) AS lon,
    ST_Y({point}) AS lat,
    {columns}
FROM {table} AS feature
{joins}
WHERE {conditions}
ORDER BY {order}, feature.feature_id COLLATE "C"
LIMIT %(n_most)s
OFFSET %(n_skipped)s
