-- The published calendar holds again on a day. day: ISO date
DELETE FROM ops.calendar_days WHERE day = %(day)s
