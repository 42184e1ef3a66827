-- Closes register rows of a source that a new delivery changes or no longer holds.
-- :source_id, :load_id, :is_full (true: what is not delivered any more is gone)
UPDATE {register} AS r
SET to_load = :load_id
WHERE
    r.to_load IS NULL
    AND r.source_id = :source_id
    AND (
        EXISTS (SELECT 1 FROM {staging} AS s WHERE s.feature_id = r.feature_id AND s.content_hash <> r.content_hash)
        OR (:is_full AND NOT EXISTS (SELECT 1 FROM {staging} AS s WHERE s.feature_id = r.feature_id))
    )
