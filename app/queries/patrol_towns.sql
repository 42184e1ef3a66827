-- Places by town and level, each place once, by its worst source. {table}: risk_points of an edition.
-- levels: all levels, worst first
WITH worst AS (
    SELECT DISTINCT ON (coalesce('enterprise ' || enterprise_id, source_layer || ' ' || source_feature_id))
        town_name,
        level
    FROM {table}
    ORDER BY
        coalesce('enterprise ' || enterprise_id, source_layer || ' ' || source_feature_id) ASC,
        array_position(%(levels)s::text[], level) ASC,
        strength DESC NULLS LAST,
        point_id ASC
)
SELECT
    town_name,
    level,
    count(*) AS n_places
FROM worst
GROUP BY town_name, level
