-- Adds and renews proposed positions from this run's; what is the same stays as it is.
INSERT INTO ops.place_proposals AS p (layer, feature_id, basis, lon, lat, score, accuracy_m, method, evidence)
SELECT
    layer,
    feature_id,
    basis,
    lon,
    lat,
    score,
    accuracy_m,
    method,
    evidence
FROM found_places
ORDER BY layer, feature_id
ON CONFLICT (layer, feature_id) DO UPDATE
SET
    basis = excluded.basis,
    lon = excluded.lon,
    lat = excluded.lat,
    score = excluded.score,
    accuracy_m = excluded.accuracy_m,
    method = excluded.method,
    evidence = excluded.evidence,
    proposed_at = excluded.proposed_at
WHERE
    (p.basis, p.lon, p.lat, p.score, p.accuracy_m, p.method, p.evidence)
    IS DISTINCT FROM
    (excluded.basis, excluded.lon, excluded.lat, excluded.score, excluded.accuracy_m, excluded.method, excluded.evidence)
