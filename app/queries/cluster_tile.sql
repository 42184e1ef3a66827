-- One vector tile of counts: the features of a layer that are not drawn singly at a zoom, gathered in squares of the tile.
-- {table}: the layer's table of an edition; {rank}: rank of a feature's level, 1 red.
-- z, x, y: address of the tile; srid: storage CRS; layer: name of the layer in the tile; cells: squares along a side;
-- clear: share of a square that a disc may stand away from its middle, so that it ends within the square; pushed: share
-- of a square that a disc may stand away from the mean of its square; singly: levels that are drawn singly at this zoom.
-- A square belongs to one tile alone, so that no feature is counted twice; lines are not drawn at these zooms and not counted.
-- A cluster stands at the mean of its square's members; towards sides where a square beside it has a disc, as near to the
-- mean as its disc stays within its own square, so that no two discs meet. Where that pushes it too far, the smaller of the
-- two squares at fault gives its members to the larger, if that one gives to nobody. It has the level of the worst.
-- Four squares around the tile settle who gives to whom: the squares beside it, to whom these may give, who pushes those, and by whom they are pushed.
WITH bounds AS (
    SELECT
        ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS web,
        ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 4.0 / %(cells)s + 0.01), %(srid)s) AS stored
),
member AS MATERIALIZED (
    SELECT
        level,
        {rank} AS _rank,
        ST_Transform(ST_PointOnSurface(geom), 3857) AS _place
    FROM {table}
    WHERE geom && (SELECT stored FROM bounds) AND ST_Dimension(geom) <> 1 AND level <> ALL(%(singly)s)
),
placed AS MATERIALIZED (
    SELECT
        level,
        _rank,
        (ST_X(_place) - ST_XMin(web)) / (ST_XMax(web) - ST_XMin(web)) * %(cells)s AS _u,
        (ST_YMax(web) - ST_Y(_place)) / (ST_YMax(web) - ST_YMin(web)) * %(cells)s AS _v
    FROM member CROSS JOIN bounds
),
-- How far the mean lies east and south of the square's middle, in squares; rounded, so that every tile finds the same.
cell AS (
    SELECT
        floor(_u)::int AS _column,
        floor(_v)::int AS _row,
        count(*)::int AS n,
        count(*) FILTER (WHERE level = 'red')::int AS n_red,
        count(*) FILTER (WHERE level = 'orange')::int AS n_orange,
        count(*) FILTER (WHERE level = 'yellow')::int AS n_yellow,
        count(*) FILTER (WHERE level = 'blue')::int AS n_blue,
        count(*) FILTER (WHERE _rank = 5)::int AS n_unrated,
        min(_rank) AS _worst,
        round((avg(_u) - floor(_u) - 0.5)::numeric, 4)::float8 AS _east,
        round((avg(_v) - floor(_v) - 0.5)::numeric, 4)::float8 AS _south
    FROM placed
    WHERE floor(_u) BETWEEN -4 AND %(cells)s + 3 AND floor(_v) BETWEEN -4 AND %(cells)s + 3
    GROUP BY floor(_u), floor(_v)
),
beside AS (
    SELECT
        cell._column,
        cell._row,
        cell.n AS _n,
        cell._east,
        cell._south,
        other._column AS _other_column,
        other._row AS _other_row,
        other.n AS _other_n,
        other._column - cell._column AS _step_east,
        other._row - cell._row AS _step_south,
        (other._column - cell._column + other._east - cell._east) ^ 2 + (other._row - cell._row + other._south - cell._south) ^ 2 AS _apart
    FROM cell
    INNER JOIN cell AS other ON abs(other._column - cell._column) <= 1 AND abs(other._row - cell._row) <= 1 AND (other._column, other._row) <> (cell._column, cell._row)
),
-- How far the discs beside it push each disc away from its mean.
push AS (
    SELECT
        beside.*,
        _east - least(greatest(_east, max(-%(clear)s) FILTER (WHERE _step_east < 0) OVER square), max(%(clear)s) FILTER (WHERE _step_east > 0) OVER square) AS _push_east,
        _south - least(greatest(_south, max(-%(clear)s) FILTER (WHERE _step_south < 0) OVER square), max(%(clear)s) FILTER (WHERE _step_south > 0) OVER square) AS _push_south
    FROM beside
    WINDOW square AS (PARTITION BY _column, _row)
),
-- The nearest of those that push a disc too far.
at_fault AS MATERIALIZED (
    SELECT DISTINCT ON (_column, _row)
        push.*,
        (_n, -_column, -_row) < (_other_n, -_other_column, -_other_row) AS _is_smaller
    FROM push
    WHERE
        sqrt(_push_east ^ 2 + _push_south ^ 2) > %(pushed)s
        AND CASE WHEN abs(_push_east) >= abs(_push_south) THEN _step_east = sign(_push_east) ELSE _step_south = sign(_push_south) END
    ORDER BY _column, _row, _apart, _other_column, _other_row
),
gives AS MATERIALIZED (
    SELECT _column, _row, _other_column AS _to_column, _other_row AS _to_row, _other_n AS _to_n FROM at_fault WHERE _is_smaller
    UNION
    SELECT _other_column, _other_row, _column, _row, _n FROM at_fault WHERE NOT _is_smaller
),
given AS MATERIALIZED (
    SELECT DISTINCT ON (_column, _row) gives.*
    FROM gives
    WHERE (_to_column, _to_row) NOT IN (SELECT _column, _row FROM gives)
    ORDER BY _column, _row, _to_n DESC, _to_column, _to_row
),
disc AS (
    SELECT
        coalesce(_to_column, _column) AS _column,
        coalesce(_to_row, _row) AS _row,
        sum(n)::int AS n,
        sum(n_red)::int AS n_red,
        sum(n_orange)::int AS n_orange,
        sum(n_yellow)::int AS n_yellow,
        sum(n_blue)::int AS n_blue,
        sum(n_unrated)::int AS n_unrated,
        min(_worst) AS _worst
    FROM cell LEFT JOIN given USING (_column, _row)
    GROUP BY coalesce(_to_column, _column), coalesce(_to_row, _row)
),
side AS MATERIALIZED (
    SELECT
        _column,
        _row,
        max(-%(clear)s) FILTER (WHERE _step_east < 0) AS _west_most,
        max(%(clear)s) FILTER (WHERE _step_east > 0) AS _east_most,
        max(-%(clear)s) FILTER (WHERE _step_south < 0) AS _north_most,
        max(%(clear)s) FILTER (WHERE _step_south > 0) AS _south_most
    FROM beside
    WHERE (_other_column, _other_row) NOT IN (SELECT _column, _row FROM given)
    GROUP BY _column, _row
),
feature AS (
    SELECT
        concat_ws('/', 'cluster', %(z)s, %(x)s, %(y)s, _column, _row) AS id,
        disc.n,
        disc.n_red,
        disc.n_orange,
        disc.n_yellow,
        disc.n_blue,
        disc.n_unrated,
        (ARRAY['red', 'orange', 'yellow', 'blue', 'unrated'])[disc._worst] AS level,
        ST_AsMVTGeom(
            ST_SetSRID(
                ST_MakePoint(
                    ST_XMin(web) + (_column + 0.5 + least(greatest(_east, _west_most), _east_most)) / %(cells)s * (ST_XMax(web) - ST_XMin(web)),
                    ST_YMax(web) - (_row + 0.5 + least(greatest(_south, _north_most), _south_most)) / %(cells)s * (ST_YMax(web) - ST_YMin(web))
                ),
                3857
            ),
            web, 4096, 64
        ) AS geom
    FROM disc
    INNER JOIN cell USING (_column, _row)
    LEFT JOIN side USING (_column, _row)
    CROSS JOIN bounds
    WHERE _column BETWEEN 0 AND %(cells)s - 1 AND _row BETWEEN 0 AND %(cells)s - 1
    ORDER BY _column, _row
)
SELECT ST_AsMVT(feature, %(layer)s, 4096, 'geom') AS tile
FROM feature
