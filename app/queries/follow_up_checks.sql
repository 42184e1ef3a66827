-- What every edition said of an entry, oldest first. ref: its number
SELECT
    edition,
    state,
    figures,
    checked_at
FROM ops.follow_up_checks
WHERE ref = %(ref)s
ORDER BY edition
