-- The zone that holds a place. {table}: risk_zones of an edition.
-- lon, lat: degrees of the storage CRS; srid: its number; policy: whose zones
SELECT to_jsonb(zone) - 'geom' - 'positioned' - 'accuracy_m' AS properties
FROM {table} AS zone
WHERE
    policy = %(policy)s
    AND ST_Intersects(geom, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), %(srid)s))
ORDER BY zone_id
LIMIT 1
