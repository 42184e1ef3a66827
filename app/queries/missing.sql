-- What is missing, from which office, for how many sources, and the first of these.
-- {table}: risk_points of an edition; n_most: sources named of each group
SELECT
    split_part(missing, ';责任部门', 1) AS what,
    responsible_office,
    town_name,
    level = 'unrated' AS is_unrated,
    count(*) AS n_sources,
    (array_agg(jsonb_build_object('layer', source_layer, 'id', source_feature_id, 'name', name) ORDER BY point_id))[1:%(n_most)s] AS sources
FROM {table}
WHERE missing IS NOT NULL
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3
