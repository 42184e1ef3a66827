-- How many rows stand before a feature in the order asked for; no row where the filter leaves it out.
-- {table}, {conditions}, {order} and what is joined: as in table_rows; id: the feature
SELECT n_before
FROM (
    SELECT
        feature.feature_id,
        row_number() OVER (ORDER BY {order}, feature.feature_id COLLATE "C") - 1 AS n_before
    FROM {table} AS feature
    {joins}
    WHERE {conditions}
) AS ordered
WHERE feature_id = %(id)s
