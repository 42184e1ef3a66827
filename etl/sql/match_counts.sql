-- What stands of the search for equal enterprises.
SELECT
    count(*) FILTER (WHERE p.band = 'certain') AS certain,
    count(*) FILTER (WHERE p.band = 'probable') AS probable,
    count(*) FILTER (WHERE d.decision = 'accept') AS accepted,
    count(*) FILTER (WHERE d.decision = 'reject') AS rejected,
    count(*) FILTER (WHERE p.band = 'probable' AND d.decision_id IS NULL) AS open,
    (SELECT count(*) FROM ops.linked_records) AS linked
FROM ops.match_pairs AS p
FULL JOIN ops.match_decisions_in_force AS d USING (layer_a, feature_a, layer_b, feature_b)
