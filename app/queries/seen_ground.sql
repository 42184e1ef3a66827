-- The ground of a view: some towns as one outline. {ground}: the table to make; {towns}: the edition's towns;
-- {names}: names or codes of towns.
CREATE TABLE {ground} AS
SELECT ST_Union(geom) AS geom
FROM {towns}
WHERE name = ANY({names}) OR town_code = ANY({names})
