-- Copies the current rows of one layer from the register into an edition.
INSERT INTO {edition} (
    feature_id,
    {columns},
    source_id,
    source_file,
    source_row,
    load_id
)
SELECT
    feature_id,
    {columns},
    source_id,
    source_file,
    source_row,
    from_load
FROM {register}
WHERE to_load IS NULL
ORDER BY feature_id
