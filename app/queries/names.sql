-- Every feature of a layer that has a name. {table}: the layer's table of an edition; {label}: its name's column
SELECT
    feature_id AS id,
    {label} AS label
FROM {table}
WHERE {label} IS NOT NULL
