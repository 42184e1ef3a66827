-- A kept siting check. ref: its number
SELECT request, answer, created_at FROM ops.cases WHERE ref = %(ref)s
