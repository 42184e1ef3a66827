-- Drops proposed positions that this run did not find again; decisions keep copies of what they were made on.
DELETE FROM ops.place_proposals AS p
WHERE NOT EXISTS (SELECT 1 FROM found_places AS f WHERE (f.layer, f.feature_id) = (p.layer, p.feature_id))
