-- Violations of an edition by number. {table}: distance_violations of an edition. ids: numbers. The line is GeoJSON, storage CRS.
SELECT
    violation_id,
    to_jsonb(violation) - 'geom' AS properties,
    ST_AsGeoJSON(geom, 8, 0)::json AS line
FROM {table} AS violation
WHERE violation_id = ANY(%(ids)s)
