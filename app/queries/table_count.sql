-- How many rows of a layer's table meet some conditions. {table}, {conditions} and what is joined: as in table_rows
SELECT count(*)
FROM {table} AS feature
{joins}
WHERE {conditions}
