-- Drops proposals that this run did not find again, save those somebody decided about.
DELETE FROM ops.match_pairs AS p
WHERE
    NOT EXISTS (
        SELECT 1
        FROM found_pairs AS f
        WHERE (f.layer_a, f.feature_a, f.layer_b, f.feature_b) = (p.layer_a, p.feature_a, p.layer_b, p.feature_b)
    )
    AND NOT EXISTS (
        SELECT 1
        FROM ops.match_decisions_in_force AS d
        WHERE (d.layer_a, d.feature_a, d.layer_b, d.feature_b) = (p.layer_a, p.feature_a, p.layer_b, p.feature_b)
    )
