-- The view that a code stands for
SELECT query
FROM ops.short_links
WHERE code = %(code)s
