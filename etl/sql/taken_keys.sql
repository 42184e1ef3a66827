-- Keys of current features that came with a whole delivery of a source, not with its mended rows.
-- :source_id
SELECT r.feature_id
FROM {register} AS r
INNER JOIN ops.loads AS l ON l.load_id = r.from_load
WHERE
    r.to_load IS NULL
    AND r.source_id = :source_id
    AND coalesce((l.notes ->> 'is_full')::boolean, TRUE)
