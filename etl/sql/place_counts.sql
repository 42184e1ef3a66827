-- What stands of the search for positions.
WITH latest AS (
    SELECT DISTINCT ON (layer, feature_id)
        layer,
        feature_id,
        decision
    FROM ops.place_decisions
    ORDER BY layer, feature_id, decision_id DESC
)
SELECT
    count(p.feature_id) AS proposed,
    count(*) FILTER (WHERE d.decision = 'accept') AS accepted,
    count(*) FILTER (WHERE d.decision = 'reject') AS rejected,
    count(p.feature_id) FILTER (WHERE d.decision IS NULL OR d.decision = 'undo') AS open
FROM ops.place_proposals AS p
FULL JOIN latest AS d USING (layer, feature_id)
