-- The load that brought back a feature which load :load_id had closed, if there is one.
SELECT min(now.from_load)
FROM {table} AS before
JOIN {table} AS now USING (feature_id)
WHERE before.to_load = :load_id AND now.to_load IS NULL AND now.from_load > :load_id
