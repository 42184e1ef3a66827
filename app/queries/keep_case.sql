-- Keep a case under the next number of this year; the caller holds the lock of the cases.
-- initial: letter of the kind's numbers; kind: kind of case; edition: number of the edition that it was judged by;
-- request, answer: JSON texts
WITH last AS (
    SELECT
        to_char(now(), 'YYYY') AS year,
        coalesce(max(split_part(ref, '-', 2)::integer), 0) + 1 AS number
    FROM ops.cases
    WHERE ref ~ ('^' || %(initial)s || to_char(now(), 'YYYY') || '-[0-9]+$')
)
INSERT INTO ops.cases (ref, kind, edition, request, answer)
SELECT
    %(initial)s || year || '-' || lpad(number::text, greatest(4, length(number::text)), '0'),
    %(kind)s,
    %(edition)s,
    %(request)s::jsonb,
    %(answer)s::jsonb
FROM last
RETURNING ref
