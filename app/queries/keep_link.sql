-- Keep a view of the map under a code; one that is kept has its code already.
-- code: a new one; query: the view
INSERT INTO ops.short_links (code, query)
VALUES (%(code)s, %(query)s)
ON CONFLICT (query) DO UPDATE SET query = excluded.query
RETURNING code
