-- The next number of this year for cases and drafts of a kind; nobody else gets one of the kind before the transaction ends.
-- initial: letter of the kind's numbers
INSERT INTO ops.case_numbers AS given (initial, year, last)
VALUES (%(initial)s, extract(year FROM now())::integer, 1)
ON CONFLICT (initial, year) DO UPDATE SET last = given.last + 1
RETURNING initial || year || '-' || lpad(last::text, greatest(4, length(last::text)), '0')
