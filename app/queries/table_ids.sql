-- Numbers of the features that meet some conditions. {table}, {conditions} and what is joined: as in table_rows; n_most: at most
SELECT feature.feature_id
FROM {table} AS feature
{joins}
WHERE {conditions}
ORDER BY feature.feature_id COLLATE "C"
LIMIT %(n_most)s
