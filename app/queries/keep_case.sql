-- Keep a siting check under the next number of this year; the caller holds the lock of the cases.
-- edition: number of the edition that it was checked against; request, answer: JSON texts
WITH last AS (
    SELECT
        to_char(now(), 'YYYY') AS year,
        coalesce(max(split_part(ref, '-', 2)::integer), 0) + 1 AS number
    FROM ops.cases
    WHERE ref ~ ('^S' || to_char(now(), 'YYYY') || '-[0-9]+$')
)
INSERT INTO ops.cases (ref, edition, request, answer)
SELECT
    'S' || year || '-' || lpad(number::text, greatest(4, length(number::text)), '0'),
    %(edition)s,
    %(request)s::jsonb,
    %(answer)s::jsonb
FROM last
RETURNING ref
