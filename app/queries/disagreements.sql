-- Disagreements with the place of their source, the widest apart first.
-- {table}: disagreements, {points}: risk_points of an edition
SELECT
    to_jsonb(d) AS properties,
    ST_X(ST_PointOnSurface(p.geom)) AS lon,
    ST_Y(ST_PointOnSurface(p.geom)) AS lat
FROM {table} AS d
LEFT JOIN {points} AS p USING (point_id)
ORDER BY
    d.kind = 'split' DESC,
    d.n_steps DESC NULLS LAST,
    d.disagreement_id
