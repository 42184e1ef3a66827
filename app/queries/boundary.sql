-- The area's outline in the storage CRS. {table}: boundary of the edition.
SELECT
    ST_SRID(ST_Collect(geom)) AS srid,
    ST_AsBinary(ST_Union(geom)) AS wkb
FROM {table}
