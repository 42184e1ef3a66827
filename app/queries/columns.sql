-- Columns of every table of a schema.
-- schema: text
SELECT
    table_name,
    array_agg(column_name::text) AS columns
FROM information_schema.columns
WHERE table_schema = %(schema)s
GROUP BY table_name
