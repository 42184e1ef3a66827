-- An edition, published or not. number: its number
SELECT
    edition,
    label,
    data_as_of,
    created_at,
    published_at
FROM ops.editions
WHERE edition = %(number)s
