-- What of an entry an event changed. ref: its number; office, person, due_on, closed_on, closed_reason: as they are now
UPDATE ops.follow_ups
SET
    office = %(office)s,
    person = %(person)s,
    due_on = %(due_on)s,
    closed_on = %(closed_on)s,
    closed_reason = %(closed_reason)s
WHERE ref = %(ref)s
