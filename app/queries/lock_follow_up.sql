-- Hold an entry for the rest of the transaction. ref: its number
SELECT ref
FROM ops.follow_ups
WHERE ref = %(ref)s
FOR UPDATE
