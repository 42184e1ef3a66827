-- Keep a case under the next number of its kind, in one statement. initial: letter of the kind's numbers; kind: kind of case;
-- edition: number of the edition that it was judged by; request, answer: JSON texts
WITH given AS (
    INSERT INTO ops.case_numbers AS known (initial, year, last)
    VALUES (%(initial)s, extract(year FROM now())::integer, 1)
    ON CONFLICT (initial, year) DO UPDATE SET last = known.last + 1
    RETURNING initial || year || '-' || lpad(last::text, greatest(4, length(last::text)), '0') AS ref
)
INSERT INTO ops.cases (ref, kind, edition, request, answer)
SELECT
    ref,
    %(kind)s,
    %(edition)s,
    %(request)s::jsonb,
    %(answer)s::jsonb
FROM given
RETURNING ref
