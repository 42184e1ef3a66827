-- What merging a staged source would do, counted before it is done.
-- :source_id, :is_full, :held (numbers of refused rows)
WITH pairs AS (
    SELECT
        s.feature_id AS staged,
        r.feature_id AS current,
        r.feature_id = ANY(:held) AS is_held,
        r.source_id = :source_id AS is_own,
        s.content_hash = r.content_hash AS is_same
    FROM {staging} AS s
    FULL JOIN (SELECT * FROM {register} WHERE to_load IS NULL) AS r USING (feature_id)
)
SELECT
    count(*) FILTER (WHERE staged IS NOT NULL AND current IS NULL) AS n_added,
    count(*) FILTER (WHERE staged IS NOT NULL AND is_own AND NOT is_same) AS n_changed,
    count(*) FILTER (WHERE staged IS NOT NULL AND is_own AND is_same) AS n_unchanged,
    count(*) FILTER (WHERE staged IS NOT NULL AND NOT is_own) AS n_merged,
    count(*) FILTER (WHERE staged IS NULL AND is_own AND :is_full AND NOT is_held) AS n_gone,
    count(*) FILTER (WHERE staged IS NULL AND is_own AND is_held) AS n_held
FROM pairs
