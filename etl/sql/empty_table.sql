-- Begins a table without rows anew: what is copied into it in the same transaction needs no write-ahead log.
TRUNCATE {table}
