-- The next number of this year for cases and drafts of a kind; the caller holds the lock of the cases.
-- initial: letter of the kind's numbers
WITH taken AS (
    SELECT ref FROM ops.cases
    UNION ALL
    SELECT ref FROM ops.case_drafts
),
last AS (
    SELECT coalesce(max(split_part(ref, '-', 2)::integer), 0) + 1 AS number
    FROM taken
    WHERE ref ~ ('^' || %(initial)s || to_char(now(), 'YYYY') || '-[0-9]+$')
)
SELECT %(initial)s || to_char(now(), 'YYYY') || '-' || lpad(number::text, greatest(4, length(number::text)), '0')
FROM last
