-- Places to inspect of some levels, worst first: an enterprise with all its sources is one place, another source its own.
-- {table}: risk_points of an edition. levels: a list, worst first and all of them; wanted: those that are asked for;
-- town: its name, or a null for all; places: keys of the only ones, or a null; n_most: places at most. Coordinates are degrees of the storage CRS.
WITH point AS (
    SELECT
        *,
        coalesce('enterprise ' || enterprise_id, source_layer || ' ' || source_feature_id) AS place,
        array_position(%(levels)s::text[], level) AS rank
    FROM {table}
),
worst AS (
    SELECT DISTINCT ON (place) *
    FROM point
    ORDER BY place ASC, rank ASC, strength DESC NULLS LAST, point_id ASC
),
part AS (
    SELECT
        place,
        max(name) FILTER (WHERE source_feature_id = enterprise_id) AS name,
        count(*) AS n_sources,
        jsonb_agg(
            jsonb_build_object(
                'layer', source_layer, 'id', source_feature_id, 'name', name, 'level', level,
                'reason_zh', reason_zh, 'reason_en', reason_en, 'rule_id', rule_id, 'clause', clause,
                'is_assumption', is_assumption
            )
            ORDER BY rank ASC, strength DESC NULLS LAST, point_id ASC
        ) AS sources
    FROM point
    GROUP BY place
)
SELECT
    place,
    worst.source_layer AS layer,
    worst.source_feature_id AS id,
    worst.enterprise_id,
    coalesce(part.name, worst.name) AS name,
    worst.kind,
    worst.level,
    worst.town_name,
    worst.responsible_office,
    ST_X(ST_PointOnSurface(worst.geom)) AS lon,
    ST_Y(ST_PointOnSurface(worst.geom)) AS lat,
    part.n_sources,
    part.sources,
    count(*) OVER () AS n_found
FROM worst
INNER JOIN part USING (place)
WHERE
    worst.level = ANY(%(wanted)s)
    AND (%(town)s::text IS NULL OR worst.town_name = %(town)s)
    AND (%(places)s::text[] IS NULL OR place = ANY(%(places)s))
ORDER BY worst.rank ASC, worst.strength DESC NULLS LAST, name ASC, place ASC
LIMIT %(n_most)s
