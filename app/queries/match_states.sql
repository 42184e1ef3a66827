-- How many pairs of records are in each state.
SELECT
    count(*) FILTER (WHERE d.decision IS NULL AND p.band = 'probable') AS open,
    count(*) FILTER (WHERE d.decision IS NULL AND p.band = 'certain') AS certain,
    count(*) FILTER (WHERE d.decision = 'accept') AS accepted,
    count(*) FILTER (WHERE d.decision = 'reject') AS rejected,
    count(*) AS "all"
FROM ops.match_pairs AS p
FULL JOIN ops.match_decisions_in_force AS d USING (layer_a, feature_a, layer_b, feature_b)
