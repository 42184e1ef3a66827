-- Links that hold: by an equal code, or confirmed by a person.
SELECT
    layer_a,
    feature_a,
    layer_b,
    feature_b
FROM ops.links_in_force
