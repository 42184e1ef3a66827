-- Counts what a table holds, for the planner.
ANALYZE {table}
