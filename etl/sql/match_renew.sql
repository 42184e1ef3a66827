-- Adds and renews proposals from this run's; what is the same stays as it is.
INSERT INTO ops.match_pairs AS p (layer_a, feature_a, layer_b, feature_b, score, band, evidence, model)
SELECT
    layer_a,
    feature_a,
    layer_b,
    feature_b,
    score,
    band,
    evidence,
    model
FROM found_pairs
ORDER BY layer_a, feature_a, layer_b, feature_b
ON CONFLICT (layer_a, feature_a, layer_b, feature_b) DO UPDATE
SET score = excluded.score, band = excluded.band, evidence = excluded.evidence, model = excluded.model
WHERE (p.score, p.band, p.evidence, p.model) IS DISTINCT FROM (excluded.score, excluded.band, excluded.evidence, excluded.model)
