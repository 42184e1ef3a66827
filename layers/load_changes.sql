-- Features that a load added, changed, moved, closed or left in their former state, at most :most of each kind, with the
-- count of each kind. Read by the check of an upload, in the load's own transaction, and by the pages of loads.
-- :load_id; :moved_m, metres on the sphere, between centroids; :label, field with the name of a feature; :most;
-- :held_rule, the warning that tells of a feature whose new row was refused
-- `geom` is the table's column where it has one, else that of `nowhere`: a layer without geometry has no positions.
WITH opened AS (
    SELECT o.*
    FROM (SELECT NULL::geometry AS geom) AS nowhere
    CROSS JOIN LATERAL (
        SELECT r.feature_id, ST_Centroid(geom) AS centre, to_jsonb(r) - 'geom' AS entry, r.source_row
        FROM {register} AS r
        WHERE r.from_load = :load_id
    ) AS o
),

closed AS (
    SELECT c.*
    FROM (SELECT NULL::geometry AS geom) AS nowhere
    CROSS JOIN LATERAL (
        SELECT r.feature_id, ST_Centroid(geom) AS centre, to_jsonb(r) - 'geom' AS entry
        FROM {register} AS r
        WHERE r.to_load = :load_id
    ) AS c
),

held AS (
    SELECT h.*
    FROM (SELECT NULL::geometry AS geom) AS nowhere
    CROSS JOIN LATERAL (
        SELECT r.feature_id, ST_Centroid(geom) AS centre, to_jsonb(r) - 'geom' AS entry, w.source_row
        FROM ops.warnings AS w
        INNER JOIN {register} AS r ON w.feature_id = r.feature_id
        WHERE
            w.load_id = :load_id
            AND w.rule_id = :held_rule
            AND r.from_load < :load_id
            AND (r.to_load IS NULL OR r.to_load > :load_id)
    ) AS h
),

paired AS (
    SELECT
        feature_id,
        o.source_row,
        o.entry AS after,
        c.entry AS before,
        coalesce(o.centre, c.centre) AS centre,
        c.centre AS centre_before,
        ST_DistanceSphere(o.centre, c.centre) AS moved_m,
        CASE
            WHEN c.feature_id IS NULL THEN 'added'
            WHEN o.feature_id IS NULL THEN 'gone'
            WHEN ST_DistanceSphere(o.centre, c.centre) > :moved_m THEN 'moved'
            ELSE 'changed'
        END AS kind
    FROM opened AS o
    FULL JOIN closed AS c USING (feature_id)
    UNION ALL
    SELECT feature_id, source_row, entry AS after, entry AS before, centre, NULL AS centre_before, NULL AS moved_m, 'held' AS kind
    FROM held
),

numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY kind ORDER BY feature_id) AS place,
        count(*) OVER (PARTITION BY kind) AS n_of_kind
    FROM paired
)

SELECT
    kind,
    n_of_kind,
    feature_id,
    source_row,
    coalesce(after, before) ->> :label AS name,
    ST_X(centre) AS lon,
    ST_Y(centre) AS lat,
    ST_X(centre_before) AS lon_before,
    ST_Y(centre_before) AS lat_before,
    moved_m,
    (
        SELECT jsonb_object_agg(key, jsonb_build_array(before -> key, after -> key))
        FROM jsonb_object_keys(after) AS key
        WHERE
            before -> key IS DISTINCT FROM after -> key
            AND key NOT IN (
                'row_id', 'from_load', 'to_load', 'source_row', 'source_file', 'source_id', 'content_hash', 'feature_id'
            )
    ) AS fields
FROM numbered
WHERE place <= :most
ORDER BY kind, place
