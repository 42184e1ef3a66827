-- The outline of the area as a table of the edition.
-- :wkb outline, :srid storage CRS
CREATE TABLE {boundary} AS
SELECT ST_SetSRID(ST_GeomFromWKB(:wkb), :srid) AS geom
