-- Whether the database holds an atlas at all.
SELECT to_regclass('ops.editions') IS NOT NULL
