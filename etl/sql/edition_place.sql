-- Gives the confirmed positions to those features of an edition that came without one and still say the same in words.
-- :layer, :srid storage CRS; {basis}: fields that were looked up, the first that is filled counts
UPDATE {edition} AS e
SET
    geom = ST_SetSRID(ST_MakePoint(p.lon, p.lat), :srid),
    accuracy_m = p.accuracy_m,
    positioned = 'gazetteer'
FROM ops.placements_in_force AS p
WHERE
    p.layer = :layer
    AND p.feature_id = e.feature_id
    AND e.positioned = 'unplaced'
    AND p.basis = coalesce({basis})
