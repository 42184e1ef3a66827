-- Every published edition, newest first.
SELECT
    edition,
    label,
    data_as_of,
    created_at,
    published_at
FROM ops.editions
WHERE status = 'published'
ORDER BY edition DESC
