-- West, south, east, north of the features that meet some conditions, degrees of the storage CRS; nulls where none has
-- a place. {table}, {conditions} and what is joined: as in table_rows
SELECT
    ST_XMin(extent) AS west,
    ST_YMin(extent) AS south,
    ST_XMax(extent) AS east,
    ST_YMax(extent) AS north
FROM (
    SELECT ST_Extent(feature.geom) AS extent
    FROM {table} AS feature
    {joins}
    WHERE {conditions}
) AS found
