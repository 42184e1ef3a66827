-- All features of a layer with or without a position, in the order of their numbers.
-- {table}: the layer's table of an edition; {columns}: its columns that are wanted.
SELECT
    {columns},
    ST_AsBinary(geom)
FROM {table}
ORDER BY feature_id COLLATE "C"
