-- Pairs of records in one state, the most probable first. state: open, certain, accepted, rejected or all; limit, offset: rows
WITH pairs AS (
    SELECT
        layer_a,
        feature_a,
        layer_b,
        feature_b,
        coalesce(p.score, d.score) AS score,
        p.band,
        coalesce(p.evidence, d.evidence) AS evidence,
        d.decision,
        d.by_name,
        d.decided_at,
        d.reason,
        CASE
            WHEN d.decision = 'accept' THEN 'accepted'
            WHEN d.decision = 'reject' THEN 'rejected'
            WHEN p.band = 'certain' THEN 'certain'
            ELSE 'open'
        END AS state
    FROM ops.match_pairs AS p
    FULL JOIN ops.match_decisions_in_force AS d USING (layer_a, feature_a, layer_b, feature_b)
)
SELECT *
FROM pairs
WHERE %(state)s = 'all' OR state = %(state)s
ORDER BY
    CASE WHEN %(state)s IN ('accepted', 'rejected') THEN decided_at END DESC NULLS LAST,
    score DESC,
    layer_a,
    feature_a,
    layer_b,
    feature_b
LIMIT %(limit)s OFFSET %(offset)s
