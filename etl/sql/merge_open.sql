-- Opens a register row for every staged feature that has no current one.
-- :source_id, :load_id
INSERT INTO {register} (
    {columns},
    feature_id,
    source_id,
    source_file,
    source_row,
    content_hash,
    from_load
)
SELECT
    {columns},
    feature_id,
    :source_id,
    source_file,
    source_row,
    content_hash,
    :load_id
FROM {staging} AS s
WHERE NOT EXISTS (SELECT 1 FROM {register} AS r WHERE r.feature_id = s.feature_id AND r.to_load IS NULL)
ORDER BY feature_id
