-- What an edition says of itself. {table}: meta of the edition.
SELECT key, value FROM {table}
