-- The farthest that any source reaches, metres. {table}: risk_points of an edition.
SELECT coalesce(max(radius_m), 0) FROM {table}
