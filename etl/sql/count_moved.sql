-- Features of a source that a new delivery moves further than its manifest allows.
-- :source_id, :moved_m (metres on the sphere, between centroids)
SELECT count(*)
FROM {staging} AS s
INNER JOIN {register} AS r USING (feature_id)
WHERE
    r.to_load IS NULL
    AND r.source_id = :source_id
    AND s.content_hash <> r.content_hash
    AND ST_DistanceSphere(ST_Centroid(s.geom), ST_Centroid(r.geom)) > :moved_m
