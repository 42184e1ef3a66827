-- The farthest that any source may matter, metres: a source that colours nothing for its position reaches on by the error
-- of it, at most 2 km. {table}: risk_points of an edition that has reach_m.
SELECT
    coalesce(
        max(
            CASE
                WHEN radius_m IS NULL THEN reach_m + least(coalesce(accuracy_m, 0), 2000)
                ELSE greatest(radius_m, reach_m)
            END
        ),
        0
    )
FROM {table}
