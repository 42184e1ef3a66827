-- One vector tile of one layer of areas whose features are merged: those of equal fields in one town are one.
-- {table}: the layer's table of an edition; {towns}: the edition's towns; {by}: fields that merged features share;
-- {rank}: rank of a feature's level, 1 red.
-- z, x, y: address of the tile; margin: buffer as a share of the tile's width; srid: storage CRS;
-- pixel_m: width of a pixel in metres of EPSG:3857; layer: its id; n_most: features at most, worst and largest first.
-- What is smaller than four pixels once merged is left out, but for red, which stays as a square of three.
WITH bounds AS (
    SELECT
        ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS web,
        ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => %(margin)s), %(srid)s) AS stored
),
near AS (
    SELECT
        {by},
        {rank} AS _rank,
        ST_MakeValid(ST_Transform(ST_ClipByBox2D(geom, (SELECT box2d(stored) FROM bounds)), 3857)) AS _part
    FROM {table}
    WHERE geom && (SELECT stored FROM bounds)
),
town AS (
    SELECT
        town_code,
        ST_MakeValid(ST_Transform(ST_ClipByBox2D(geom, (SELECT box2d(stored) FROM bounds)), 3857)) AS _town
    FROM {towns}
    WHERE geom && (SELECT stored FROM bounds)
),
whole AS (
    SELECT
        {by},
        _rank,
        count(*) AS n_merged,
        ST_UnaryUnion(ST_Collect(ST_CollectionExtract(_part, 3))) AS _union
    FROM near
    WHERE NOT ST_IsEmpty(_part)
    GROUP BY {by}, _rank
),
split AS (
    SELECT
        whole.*,
        town_code,
        ST_CollectionExtract(ST_Intersection(_union, _town), 3) AS _piece
    FROM whole
    INNER JOIN town ON ST_Intersects(_union, _town)
    UNION ALL
    SELECT
        whole.*,
        NULL AS town_code,
        ST_CollectionExtract(
            ST_Difference(_union, coalesce((SELECT ST_UnaryUnion(ST_Collect(_town)) FROM town), ST_GeomFromText('POLYGON EMPTY', 3857))), 3
        ) AS _piece
    FROM whole
),
shaped AS (
    SELECT
        {by},
        _rank,
        town_code,
        n_merged,
        ST_Area(_piece) AS _size_m2,
        (
            SELECT ST_Collect(
                CASE
                    WHEN ST_Area(dumped.geom) >= 4 * %(pixel_m)s * %(pixel_m)s
                        THEN ST_Simplify(dumped.geom, 0.5 * %(pixel_m)s, true)
                    WHEN _rank = 1
                        THEN ST_Expand(ST_PointOnSurface(dumped.geom), 1.5 * %(pixel_m)s)
                END
            )
            FROM ST_Dump(_piece) AS dumped
        ) AS _shape
    FROM split
    WHERE NOT ST_IsEmpty(_piece)
),
chosen AS (
    SELECT
        *,
        ST_AsMVTGeom(ST_UnaryUnion(ST_MakeValid(_shape)), (SELECT web FROM bounds), 4096, 64) AS geom
    FROM shaped
    WHERE _shape IS NOT NULL
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
