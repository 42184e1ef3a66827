-- The next number of this year for a case of a kind, in a transaction of its own that does not wait for the disk: nobody who keeps a
-- case waits for the commit of another. Whatever is kept under the number is committed after it, and no log is flushed without what
-- stands before: a number that is in use is never lost. One whose case could not be kept is left out.
-- initial: letter of the kind's numbers
INSERT INTO ops.case_numbers AS given (initial, year, last)
SELECT
    %(initial)s,
    extract(year FROM now())::integer,
    1
FROM set_config('synchronous_commit', 'off', TRUE)
ON CONFLICT (initial, year) DO UPDATE SET last = given.last + 1
RETURNING initial || year || '-' || lpad(last::text, greatest(4, length(last::text)), '0')
