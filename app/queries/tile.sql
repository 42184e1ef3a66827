-- One vector tile of one layer.
-- {table}: the layer's table of an edition; {columns}: its columns that go into tiles; {names}: their names
-- there; {rank}: rank of a feature's level, 1 red: red stays however small it is, and the worst stays longest.
-- z, x, y: address of the tile; margin: buffer as a share of the tile's width; srid: storage CRS;
-- pixel_m: width of a pixel in metres of EPSG:3857; layer: its id; n_most: features at most, worst and largest first.
-- keeps_small: whether an area too small to be drawn becomes a point, as symbols of areas are, instead of being left out.
-- The query box is reprojected, not the column, so that the spatial index serves; what lies beyond it is cut off
-- before anything else, so that a part of a huge zone costs no more than a small one.
WITH bounds AS (
    SELECT
        ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS web,
        ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => %(margin)s), %(srid)s) AS stored
),
near AS (
    SELECT
        {columns},
        {rank} AS _rank,
        ST_Transform(ST_ClipByBox2D(geom, (SELECT box2d(stored) FROM bounds)), 3857) AS _part
    FROM {table}
    WHERE geom && (SELECT stored FROM bounds)
),
sized AS (
    SELECT
        *,
        CASE ST_Dimension(_part)
            WHEN 2 THEN sqrt(ST_Area(_part))
            WHEN 1 THEN ST_Length(_part)
            ELSE 0
        END AS _size_m
    FROM near
),
simple AS (
    SELECT
        *,
        CASE
            WHEN ST_Dimension(_part) < 2 OR _size_m >= 2 * %(pixel_m)s
                THEN ST_Simplify(_part, 0.5 * %(pixel_m)s, true)
            WHEN _rank = 1
                THEN ST_Expand(ST_PointOnSurface(_part), 1.5 * %(pixel_m)s)
            WHEN %(keeps_small)s
                THEN ST_PointOnSurface(_part)
        END AS _simple
    FROM sized
),
chosen AS (
    SELECT
        *,
        ST_AsMVTGeom(_simple, (SELECT web FROM bounds), 4096, 64) AS geom
    FROM simple
    WHERE _simple IS NOT NULL
    ORDER BY _rank, _size_m DESC, id
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
