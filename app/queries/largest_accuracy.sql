-- The worst error of a position of a layer, metres; 0 where none is stated. {table}: the layer's table of an edition.
SELECT coalesce(max(accuracy_m), 0) FROM {table}
