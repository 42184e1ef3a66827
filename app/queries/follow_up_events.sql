-- What happened to an entry of the follow-up ledger, oldest first. ref: its number
SELECT
    event_id,
    kind,
    data,
    at
FROM ops.follow_up_events
WHERE ref = %(ref)s
ORDER BY event_id
