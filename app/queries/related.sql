-- Features that refer to a value. {table}: a layer's table of an edition; {column}: its column that refers.
-- value: what is referred to; n_most: rows at most
SELECT to_jsonb(feature) - 'geom' AS properties
FROM {table} AS feature
WHERE {column} = %(value)s
ORDER BY feature_id
LIMIT %(n_most)s
