-- Every later judgement of a case, oldest first. ref: its number
SELECT edition, answer, has_changed, checked_at FROM ops.case_checks WHERE ref = %(ref)s ORDER BY edition
