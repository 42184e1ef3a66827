-- One vector tile of one layer of areas whose features are merged: those of equal fields in one town are one.
-- {table}: the layer's table of an edition; {towns}: the edition's towns; {by}: fields that merged features share;
-- {rank}: rank of a feature's level, 1 red.
-- z, x, y: address of the tile; margin: buffer as a share of the tile's width; srid: storage CRS;
-- pixel_m: width of a pixel in metres of EPSG:3857; layer: its id; n_most: features at most, worst and largest first.
-- What is smaller than four pixels is left out, but for red, which stays as a square of three. Features that share
-- their fields do not overlap, so that gathering them is enough; what lies in
-- no town stands for itself, and what crosses the outline of the towns is cut there.
WITH bounds AS (
    SELECT
        ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS web,
        ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => %(margin)s), %(srid)s) AS stored
),
near AS (
    SELECT
        {by},
        {rank} AS _rank,
        ST_Transform(ST_ClipByBox2D(geom, (SELECT box2d(stored) FROM bounds)), 3857) AS _part
    FROM {table}
    WHERE geom && (SELECT stored FROM bounds)
),
town AS MATERIALIZED (
    SELECT
        town_code,
        ST_MakeValid(ST_SimplifyPreserveTopology(
            ST_Transform(ST_ClipByBox2D(geom, (SELECT box2d(stored) FROM bounds)), 3857), 0.25 * %(pixel_m)s
        )) AS _town
    FROM {towns}
    WHERE geom && (SELECT stored FROM bounds)
),
single AS MATERIALIZED (
    SELECT
        {by},
        _rank,
        CASE
            WHEN ST_Area(dumped.geom) >= 4 * %(pixel_m)s * %(pixel_m)s
                THEN ST_MakeValid(ST_Simplify(dumped.geom, 0.5 * %(pixel_m)s, true))
            WHEN _rank = 1
                THEN ST_Expand(ST_PointOnSurface(dumped.geom), 1.5 * %(pixel_m)s)
        END AS _single
    FROM near
    CROSS JOIN LATERAL ST_Dump(_part) AS dumped
    WHERE ST_Dimension(dumped.geom) = 2 AND ST_Area(dumped.geom) > 0
),
piece AS MATERIALIZED (
    SELECT
        single.*,
        town_code,
        CASE
            WHEN town_code IS NULL OR ST_Covers(_town, _single) THEN _single
            ELSE ST_Intersection(_single, _town)
        END AS _piece
    FROM single
    LEFT JOIN town ON _single && _town AND ST_Intersects(_town, _single)
    WHERE _single IS NOT NULL
),
shaped AS (
    SELECT
        {by},
        _rank,
        town_code,
        count(*) AS n_merged,
        sum(ST_Area(_piece)) AS _size_m2,
        ST_Collect(ST_CollectionExtract(_piece, 3)) AS _shape
    FROM piece
    GROUP BY {by}, _rank, town_code
),
chosen AS (
    SELECT
        *,
        ST_AsMVTGeom(_shape, (SELECT web FROM bounds), 4096, 64) AS geom
    FROM shaped
    ORDER BY _rank, _size_m2 DESC, town_code
    LIMIT %(n_most)s
),
feature AS (
    SELECT
        concat_ws(' ', {by}, town_code) AS id,
        {by},
        town_code,
        n_merged,
        geom
    FROM chosen
    WHERE geom IS NOT NULL
    ORDER BY id
)
SELECT
    ST_AsMVT(feature, %(layer)s, 4096, 'geom') AS tile,
    count(*) AS n_features
FROM feature
