-- Addresses of some enterprises. {table}: enterprises of an edition. ids: enterprise numbers
SELECT enterprise_id, address FROM {table} WHERE enterprise_id = ANY(%(ids)s) AND address IS NOT NULL
