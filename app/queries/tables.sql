-- Names of the tables of a schema.
-- schema: text
SELECT table_name FROM information_schema.tables WHERE table_schema = %(schema)s
