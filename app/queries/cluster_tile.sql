-- One vector tile of counts: the features of a layer that are not drawn singly at a zoom, gathered in squares of the tile.
-- {table}: the layer's table of an edition; {rank}: rank of a feature's level, 1 red.
-- z, x, y: address of the tile; srid: storage CRS; layer: name of the layer in the tile; cells: squares along a side;
-- clear: share of a square that a disc may stand away from its middle, so that it ends within the square; singly: levels that are drawn singly at this zoom.
-- A square belongs to one tile alone, so that no feature is counted twice; lines are not drawn at these zooms and not counted.
-- A cluster stands at the mean of its members; towards sides where a square beside it holds any, as near to the mean as its
-- disc stays within its own square, so that no two discs meet. It has the level of the worst.
WITH bounds AS (
    SELECT
        ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS web,
        ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 1.0 / %(cells)s + 0.01), %(srid)s) AS stored
),
member AS (
    SELECT
        level,
        {rank} AS _rank,
        ST_Transform(ST_PointOnSurface(geom), 3857) AS _place
    FROM {table}
    WHERE geom && (SELECT stored FROM bounds) AND ST_Dimension(geom) <> 1 AND level <> ALL(%(singly)s)
),
placed AS (
    SELECT
        level,
        _rank,
        ST_X(_place) AS _x,
        ST_Y(_place) AS _y,
        ST_XMin(web) AS _x0,
        ST_YMax(web) AS _y1,
        (ST_XMax(web) - ST_XMin(web)) / %(cells)s AS _side,
        floor((ST_X(_place) - ST_XMin(web)) / (ST_XMax(web) - ST_XMin(web)) * %(cells)s)::int AS _column,
        floor((ST_YMax(web) - ST_Y(_place)) / (ST_YMax(web) - ST_YMin(web)) * %(cells)s)::int AS _row
    FROM member CROSS JOIN bounds
),
cell AS (
    SELECT
        _column,
        _row,
        count(*)::int AS n,
        count(*) FILTER (WHERE level = 'red')::int AS n_red,
        count(*) FILTER (WHERE level = 'orange')::int AS n_orange,
        count(*) FILTER (WHERE level = 'yellow')::int AS n_yellow,
        count(*) FILTER (WHERE level = 'blue')::int AS n_blue,
        count(*) FILTER (WHERE _rank = 5)::int AS n_unrated,
        (array_agg(level ORDER BY _rank))[1] AS level,
        avg(_x) AS _x,
        avg(_y) AS _y,
        min(_x0) + (_column + 0.5) * min(_side) AS _middle_x,
        min(_y1) - (_row + 0.5) * min(_side) AS _middle_y,
        min(_side) * %(clear)s AS _away
    FROM placed
    WHERE _column BETWEEN -1 AND %(cells)s AND _row BETWEEN -1 AND %(cells)s
    GROUP BY _column, _row
),
beside AS (
    SELECT
        cell._column,
        cell._row,
        bool_or(other._column < cell._column) AS _west,
        bool_or(other._column > cell._column) AS _east,
        bool_or(other._row < cell._row) AS _north,
        bool_or(other._row > cell._row) AS _south
    FROM cell INNER JOIN cell AS other ON abs(other._column - cell._column) <= 1 AND abs(other._row - cell._row) <= 1
    GROUP BY cell._column, cell._row
),
feature AS (
    SELECT
        concat_ws('/', 'cluster', %(z)s, %(x)s, %(y)s, _column, _row) AS id,
        n,
        n_red,
        n_orange,
        n_yellow,
        n_blue,
        n_unrated,
        level,
        ST_AsMVTGeom(
            ST_SetSRID(
                ST_MakePoint(
                    least(greatest(_x, CASE WHEN _west THEN _middle_x - _away END), CASE WHEN _east THEN _middle_x + _away END),
                    least(greatest(_y, CASE WHEN _south THEN _middle_y - _away END), CASE WHEN _north THEN _middle_y + _away END)
                ),
                3857
            ),
            (SELECT web FROM bounds), 4096, 64
        ) AS geom
    FROM cell INNER JOIN beside USING (_column, _row)
    WHERE _column BETWEEN 0 AND %(cells)s - 1 AND _row BETWEEN 0 AND %(cells)s - 1
    ORDER BY _column, _row
)
SELECT ST_AsMVT(feature, %(layer)s, 4096, 'geom') AS tile
FROM feature
