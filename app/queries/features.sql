-- All features of a layer, without geometry, in the order of their numbers.
-- {table}: the layer's table of an edition; {columns}: its columns that are wanted.
SELECT {columns}
FROM {table}
ORDER BY feature_id COLLATE "C"
