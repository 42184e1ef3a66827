-- Keep an edition when newer ones come, or no longer. edition: its number; is_pinned: whether it is kept
UPDATE ops.editions
SET is_pinned = %(is_pinned)s
WHERE edition = %(edition)s AND status <> 'retired'
RETURNING edition
