-- Links among some records. {table}: record_links of an edition. layers, ids: their keys, in the same order
WITH members AS (SELECT * FROM unnest(%(layers)s::text[], %(ids)s::text[]) AS member (layer, id))
SELECT
    layer_a,
    feature_a,
    layer_b,
    feature_b,
    score,
    basis,
    by_name,
    linked_at,
    reason,
    evidence
FROM {table}
WHERE (layer_a, feature_a) IN (SELECT layer, id FROM members) AND (layer_b, feature_b) IN (SELECT layer, id FROM members)
ORDER BY layer_a, feature_a, layer_b, feature_b
