-- Cases and drafts made as alternatives of one case, with it, in the order of their numbers. root: its number
SELECT ref, copied_from FROM ops.case_drafts WHERE ref = %(root)s OR copied_from = %(root)s ORDER BY ref
