-- Whether any row states a field. {table}: a layer's table of an edition; {field}: its column
SELECT EXISTS (SELECT 1 FROM {table} WHERE {field} IS NOT NULL)
