-- Which features of a layer are there. {table}: the layer of an edition. ids: feature numbers
SELECT feature_id
FROM {table}
WHERE feature_id = ANY(%(ids)s)
