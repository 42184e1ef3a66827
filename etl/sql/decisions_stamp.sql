-- Hash of the links and confirmed positions in force.
SELECT md5(concat(
    (
        SELECT string_agg(concat_ws('|', layer_a, feature_a, layer_b, feature_b, basis), E'\n'
            ORDER BY layer_a COLLATE "C", feature_a COLLATE "C", layer_b COLLATE "C", feature_b COLLATE "C")
        FROM ops.links_in_force
    ),
    '#',
    (
        SELECT string_agg(concat_ws('|', layer, feature_id, basis, lon, lat, accuracy_m), E'\n'
            ORDER BY layer COLLATE "C", feature_id COLLATE "C")
        FROM ops.placements_in_force
    )
))
