-- Conflicts that a feature has part in, worst first. {table}: distance_violations of an edition.
-- layer, id: the feature, as subject or as object; n_most: rows at most. The line is GeoJSON, storage CRS.
SELECT
    to_jsonb(violation) - 'geom' AS properties,
    ST_AsGeoJSON(geom, 8, 0)::json AS line
FROM {table} AS violation
WHERE
    (subject_layer = %(layer)s AND subject_feature_id = %(id)s)
    OR (object_layer = %(layer)s AND object_feature_id = %(id)s)
ORDER BY shortfall_m DESC, violation_id
LIMIT %(n_most)s
