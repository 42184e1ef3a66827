-- Keys of the places that some sources belong to. {table}: risk_points of an edition. layers, ids: of the sources, in pairs
SELECT DISTINCT coalesce('enterprise ' || enterprise_id, source_layer || ' ' || source_feature_id)
FROM {table}
INNER JOIN unnest(%(layers)s::text[], %(ids)s::text[]) AS source (layer, id)
    ON source_layer = source.layer AND source_feature_id = source.id
