-- Closes register rows of a source that a new delivery changes or no longer holds.
-- A feature whose new row was refused keeps its state: a slip of the pen takes no plant off the map.
-- :source_id, :load_id, :is_full (true: what is not delivered any more is gone), :held (numbers of refused rows)
UPDATE {register} AS closing
SET to_load = :load_id
FROM (
    SELECT r.row_id
    FROM {register} AS r
    LEFT JOIN {staging} AS s USING (feature_id)
    WHERE
        r.to_load IS NULL
        AND r.source_id = :source_id
        AND (s.content_hash <> r.content_hash OR (:is_full AND s.feature_id IS NULL AND r.feature_id <> ALL(:held)))
) AS ended
WHERE closing.row_id = ended.row_id
