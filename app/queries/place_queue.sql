-- Proposed positions in one state, the surest first; a taken one as it was when it was taken.
-- state: open, accepted, rejected or all; limit, offset: rows
WITH latest AS (
    SELECT DISTINCT ON (layer, feature_id) *
    FROM ops.place_decisions
    ORDER BY layer, feature_id, decision_id DESC
),
places AS (
    SELECT
        layer,
        feature_id,
        CASE WHEN d.decision = 'accept' THEN d.basis ELSE p.basis END AS basis,
        CASE WHEN d.decision = 'accept' THEN d.lon ELSE p.lon END AS lon,
        CASE WHEN d.decision = 'accept' THEN d.lat ELSE p.lat END AS lat,
        CASE WHEN d.decision = 'accept' THEN d.score ELSE p.score END AS score,
        CASE WHEN d.decision = 'accept' THEN d.accuracy_m ELSE p.accuracy_m END AS accuracy_m,
        CASE WHEN d.decision = 'accept' THEN d.method ELSE p.method END AS method,
        CASE WHEN d.decision = 'accept' THEN d.evidence ELSE p.evidence END AS evidence,
        nullif(d.decision, 'undo') AS decision,
        d.by_name,
        d.decided_at,
        d.reason,
        CASE d.decision WHEN 'accept' THEN 'accepted' WHEN 'reject' THEN 'rejected' ELSE 'open' END AS state
    FROM ops.place_proposals AS p
    FULL JOIN latest AS d USING (layer, feature_id)
)
SELECT *
FROM places
WHERE basis IS NOT NULL AND (%(state)s = 'all' OR state = %(state)s)
ORDER BY
    CASE WHEN %(state)s IN ('accepted', 'rejected') THEN decided_at END DESC NULLS LAST,
    score DESC,
    layer,
    feature_id
LIMIT %(limit)s OFFSET %(offset)s
