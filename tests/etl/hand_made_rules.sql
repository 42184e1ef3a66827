-- What the rules require of hand-made pairs and how far the pairs lie apart, on the ellipsoid and in SQL alone.
-- :rules  the rows of separation_distances.csv as a JSON array of objects, texts as they stand in the file
-- :pairs  the hand-made pairs as a JSON array: rule_id, step, subject and object (WKT, longitude latitude, EPSG:4490) and
--         what the two features state: numbers in the units of their names
WITH rule AS (
    SELECT *
    FROM jsonb_to_recordset(CAST(:rules AS jsonb)) AS r(
        rule_id text, kind text, status text, subject_class text, object_class text, road_class text, voltage_kv_min text, voltage_kv_max text,
        area_kind text, distance_m text, exact_complies boolean, formula text, coefficient text, limit_in_service_per_year text, measured_from text
    )
),
stated AS (
    SELECT
        p.*,
        r.measured_from = 'downstream' AS is_downstream,
        r.measured_from LIKE 'boundary\_of\_%\_land' AS is_alongside,
        ST_GeomFromText(p.subject, 4490) AS whole_one,
        ST_GeomFromText(p.object, 4490) AS whole
    FROM jsonb_to_recordset(CAST(:pairs AS jsonb)) AS p(
        rule_id text, step text, subject text, object text, road_class text, voltage_kv numeric, diameter_mm numeric, land_width_m numeric,
        outer_offset_m numeric, sway_m numeric, tnt_kg float8, stated_m numeric, risk_per_year numeric, object_layer text,
        object_width_m numeric, object_offset_m numeric, object_land_m numeric, flow_deg float8, width_m float8
    )
    JOIN rule AS r USING (rule_id)
),
-- Of a line beside a way only the pieces of at most 5 m whose bearing is within 30 degrees of that of the segment of the way
-- nearest to their middle (or of one as near), and of the way only the segments that are parallel to such a piece.
sided AS (
    SELECT
        s.*,
        CASE WHEN s.is_alongside THEN coalesce(along.stretch, ST_GeomFromText('LINESTRING EMPTY', 4490)) ELSE s.whole_one END AS one,
        coalesce(along.followed, s.whole) AS followed
    FROM stated AS s
    LEFT JOIN LATERAL (
        SELECT ST_Collect(DISTINCT beside.mine) AS stretch, ST_Collect(DISTINCT beside.way) AS followed
        FROM (
            SELECT
                each.mine,
                each.way,
                min(each.away_m) FILTER (WHERE each.is_parallel) OVER (PARTITION BY each.at) <= min(each.away_m) OVER (PARTITION BY each.at) + 0.01 AS is_along,
                each.is_parallel
            FROM (
                SELECT
                    mine.path AS at,
                    mine.geom AS mine,
                    way.geom AS way,
                    ST_Distance(ST_LineInterpolatePoint(mine.geom, 0.5)::geography, way.geom::geography) AS away_m,
                    abs(cos(
                        ST_Azimuth(ST_StartPoint(mine.geom)::geography, ST_EndPoint(mine.geom)::geography)
                        - ST_Azimuth(ST_StartPoint(way.geom)::geography, ST_EndPoint(way.geom)::geography)
                    )) >= cos(radians(30)) AS is_parallel
                FROM ST_DumpSegments(ST_Segmentize(s.whole_one::geography, 5)::geometry) AS mine
                CROSS JOIN ST_DumpSegments(s.whole) AS way
            ) AS each
        ) AS beside
        WHERE beside.is_along AND beside.is_parallel
    ) AS along ON s.is_alongside
),
-- Of works near a bridge only what lies in the half-plane to which the river flows, cut along geodesics, 10 km each way.
pair AS (
    SELECT
        s.*,
        CASE WHEN s.is_downstream AND NOT ST_Intersects(s.one, s.whole) THEN ST_Intersection(s.whole, half.ground) ELSE s.followed END AS two
    FROM sided AS s
    LEFT JOIN LATERAL (
        SELECT ST_SetSRID(ST_Segmentize(ST_MakePolygon(ST_MakeLine(ARRAY[left_end, right_end, right_ahead, left_ahead, left_end]))::geography, 100)::geometry, 4490) AS ground
        FROM (SELECT ST_Centroid(s.whole_one)::geography AS middle, radians(coalesce(s.flow_deg, 0)) AS flow) AS river
        CROSS JOIN LATERAL (
            SELECT
                ST_Project(river.middle, 10000, river.flow - pi() / 2)::geometry AS left_end,
                ST_Project(river.middle, 10000, river.flow + pi() / 2)::geometry AS right_end,
                ST_Project(river.middle, 14142, river.flow + pi() / 4)::geometry AS right_ahead,
                ST_Project(river.middle, 14142, river.flow - pi() / 4)::geometry AS left_ahead
        ) AS corners
    ) AS half ON s.is_downstream
),
measured AS (
    SELECT
        p.rule_id,
        p.step,
        r.exact_complies,
        CASE r.formula
            WHEN 'scaled_distance' THEN r.coefficient::float8 * cbrt(p.tnt_kg)
            WHEN 'official_distance' THEN p.stated_m
            WHEN 'risk_contour' THEN 0
            WHEN 'power_zone' THEN (
                SELECT z.distance_m::float8
                FROM rule AS z
                WHERE z.subject_class = r.subject_class AND z.kind = 'prohibited' AND z.object_class = 'building_or_structure' AND z.status = 'judged'
                    AND p.voltage_kv BETWEEN z.voltage_kv_min::numeric AND z.voltage_kv_max::numeric
            )
            ELSE r.distance_m::float8
        END AS required_m,
        CASE
            WHEN r.measured_from = 'pipe_outer_edge' THEN p.diameter_mm / 2000
            WHEN r.measured_from = 'embankment_toe_or_cutting_top_or_bridge_outer_edge' THEN p.outer_offset_m
            WHEN r.measured_from = 'outer_edge_of_building_control_zone' THEN p.land_width_m / 2 + (
                SELECT z.distance_m::numeric FROM rule AS z WHERE z.rule_id LIKE 'ROAD-L11-_' AND z.road_class = p.road_class
            )
            WHEN r.subject_class = 'highway' THEN p.land_width_m / 2
            WHEN r.measured_from = 'outer_conductor_after_max_sway' THEN p.outer_offset_m + p.sway_m
            WHEN r.subject_class = 'overhead_power_line' THEN p.outer_offset_m
            ELSE 0
        END AS out_m,
        CASE WHEN p.is_alongside THEN p.object_land_m / 2 ELSE CASE p.object_layer WHEN 'roads' THEN p.object_width_m / 2 WHEN 'power_lines' THEN p.object_offset_m ELSE 0 END END AS back_m,
        CASE
            WHEN r.formula = 'along_path' AND ST_DWithin(p.one::geography, p.two::geography, p.width_m / 2) THEN (
                SELECT min(ST_LineLocatePoint(ST_LineMerge(p.one), corner.geom)) * ST_Length(p.one::geography)
                FROM ST_DumpPoints(p.two) AS corner
            )
        END AS along_m,
        -- From every corner to the other's outline: two edges side by side, centimetres apart, count as one on PostGIS's sphere.
        CASE
            WHEN ST_Intersects(p.one, p.two) THEN 0
            ELSE (
                SELECT min(ST_Distance(corner.geom::geography, side.other::geography))
                FROM (
                    VALUES
                        (p.one, CASE ST_Dimension(p.two) WHEN 2 THEN ST_Boundary(p.two) ELSE p.two END),
                        (p.two, CASE ST_Dimension(p.one) WHEN 2 THEN ST_Boundary(p.one) ELSE p.one END)
                ) AS side(mine, other)
                CROSS JOIN ST_DumpPoints(side.mine) AS corner
            )
        END AS apart_m,
        CASE
            WHEN ST_Dimension(p.one) = 2 AND (r.formula = 'risk_contour' OR r.distance_m = '0') AND ST_Intersects(p.one, p.two) THEN (
                SELECT max(ST_Distance(corner.geom::geography, ST_Boundary(p.one)::geography))
                FROM ST_DumpPoints(ST_Intersection(p.one, p.two)) AS corner
            )
        END AS deep_m,
        CASE
            WHEN r.formula = 'risk_contour' THEN p.risk_per_year >= r.limit_in_service_per_year::numeric
            WHEN r.formula = 'along_path' THEN ST_Intersects(
                p.two, ST_SetSRID(ST_Buffer(ST_LineMerge(p.one)::geography, p.width_m / 2, 'endcap=flat')::geometry, 4490)
            )
            ELSE NOT (ST_IsEmpty(p.one) OR ST_IsEmpty(p.two))
        END AS is_bound
    FROM pair AS p
    JOIN rule AS r USING (rule_id)
),
judged AS (
    SELECT *, coalesce(along_m, -nullif(deep_m, 0), greatest(0, apart_m - out_m - back_m)) AS actual_m
    FROM measured
)
SELECT
    rule_id,
    step,
    required_m,
    actual_m,
    is_bound AND CASE WHEN exact_complies THEN actual_m < required_m - :rounding_m ELSE actual_m <= required_m + :rounding_m END AS is_broken
FROM judged
