-- Features and unplaced features of a layer. {table}: the layer's table of an edition.
SELECT
    count(*),
    count(*) FILTER (WHERE positioned = 'unplaced')
FROM {table}
