-- One day of the office's own. day: ISO date; is_working: boolean; note: text
INSERT INTO ops.calendar_days (day, is_working, note) VALUES (%(day)s, %(is_working)s, %(note)s)
ON CONFLICT (day) DO UPDATE SET is_working = excluded.is_working, note = excluded.note, changed_at = now()
