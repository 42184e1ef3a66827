-- Keep a list of a day under the next number of this year; the caller holds the lock of the cases.
-- on_date: its day; edition: number; start: JSON text or a null, degrees of the storage CRS; places: JSON text, keys in order
WITH last AS (
    SELECT
        to_char(now(), 'YYYY') AS year,
        coalesce(max(split_part(ref, '-', 2)::integer), 0) + 1 AS number
    FROM ops.patrol_lists
    WHERE ref ~ ('^X' || to_char(now(), 'YYYY') || '-[0-9]+$')
)
INSERT INTO ops.patrol_lists (ref, on_date, edition, start, places)
SELECT
    'X' || year || '-' || lpad(number::text, greatest(4, length(number::text)), '0'),
    %(on_date)s,
    %(edition)s,
    %(start)s::jsonb,
    %(places)s::jsonb
FROM last
RETURNING ref
