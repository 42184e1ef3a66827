-- Takes over kept results of an earlier edition by name.
INSERT INTO {after} (
    name,
    content
)
SELECT
    name,
    content
FROM {before}
WHERE name = ANY(:names)
