-- A kept case. ref: its number; kind: its kind
SELECT edition, request, answer, created_at FROM ops.cases WHERE ref = %(ref)s AND kind = %(kind)s
