-- How many rows of one layer are new, changed or gone between two editions of it.
-- Times of editions of former versions stand with a zone of +00, which says nothing: they are local ones there too.
WITH was AS (
    SELECT
        feature_id,
        replace(ROW({columns})::text, '+00"', '"') AS content
    FROM {before}
), now AS (
    SELECT
        feature_id,
        replace(ROW({columns})::text, '+00"', '"') AS content
    FROM {after}
)
SELECT
    count(*) FILTER (WHERE was.feature_id IS NULL) AS added,
    count(*) FILTER (WHERE now.feature_id IS NULL) AS gone,
    count(*) FILTER (WHERE was.content <> now.content) AS changed
FROM was
FULL JOIN now USING (feature_id)
WHERE was.content IS DISTINCT FROM now.content
