-- How many proposed positions are in each state.
WITH latest AS (
    SELECT DISTINCT ON (layer, feature_id)
        layer,
        feature_id,
        decision
    FROM ops.place_decisions
    ORDER BY layer, feature_id, decision_id DESC
)
SELECT
    count(*) FILTER (WHERE p.feature_id IS NOT NULL AND coalesce(d.decision, 'undo') = 'undo') AS open,
    count(*) FILTER (WHERE d.decision = 'accept') AS accepted,
    count(*) FILTER (WHERE d.decision = 'reject') AS rejected,
    count(*) FILTER (WHERE p.feature_id IS NOT NULL OR d.decision <> 'undo') AS "all"
FROM ops.place_proposals AS p
FULL JOIN latest AS d USING (layer, feature_id)
