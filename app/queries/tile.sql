-- One vector tile of one layer.
-- {table}: the layer's table of an edition; {columns}: its columns that go into tiles; {names}: their names
-- there; {is_kept}: whether a feature stays however small it is.
-- z, x, y: address of the tile; margin: buffer as a share of the tile's width; srid: storage CRS;
-- pixel_m: width of a pixel in metres of EPSG:3857; layer: its id; n_most: features at most, largest first.
-- The query box is reprojected, not the column, so that the spatial index serves.
WITH bounds AS (
    SELECT
        ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS web,
        ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => %(margin)s), %(srid)s) AS stored
),
near AS (
    SELECT
        {columns},
        {is_kept} AS _is_kept,
        ST_Transform(geom, 3857) AS _whole
    FROM {table}
    WHERE geom && (SELECT stored FROM bounds)
),
sized AS (
    SELECT
        *,
        CASE ST_Dimension(_whole)
            WHEN 2 THEN sqrt(ST_Area(_whole))
            WHEN 1 THEN ST_Length(_whole)
            ELSE 0
        END AS _size_m
    FROM near
),
simple AS (
    SELECT
        *,
        CASE
            WHEN ST_Dimension(_whole) < 2 OR _size_m >= 2 * %(pixel_m)s
                THEN ST_Simplify(_whole, 0.5 * %(pixel_m)s, true)
            WHEN _is_kept
                THEN ST_Expand(ST_PointOnSurface(_whole), 1.5 * %(pixel_m)s)
        END AS _simple
    FROM sized
),
chosen AS (
    SELECT
        *,
        ST_AsMVTGeom(_simple, (SELECT web FROM bounds), 4096, 64) AS geom
    FROM simple
    WHERE _simple IS NOT NULL
    ORDER BY _is_kept DESC, _size_m DESC, id
    LIMIT %(n_most)s
),
feature AS (
    SELECT
        {names},
        geom
    FROM chosen
    WHERE geom IS NOT NULL
    ORDER BY id
)
SELECT
    ST_AsMVT(feature, %(layer)s, 4096, 'geom') AS tile,
    count(*) AS n_features
FROM feature
