-- Pairs that a person told apart.
SELECT
    layer_a,
    feature_a,
    layer_b,
    feature_b
FROM ops.match_decisions_in_force
WHERE decision = 'reject'
