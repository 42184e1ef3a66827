-- Whether the newest load of a source folded rows into those of another one that has given some up since.
-- :source_id
SELECT EXISTS (
    SELECT 1
    FROM ops.loads_in_force AS mine
    JOIN ops.loads_in_force AS other
        ON other.layer = mine.layer
        AND other.source_id <> mine.source_id
        AND other.load_id > mine.load_id
        AND other.n_gone + other.n_changed > 0
    WHERE
        mine.n_merged > 0
        AND mine.load_id = (SELECT max(load_id) FROM ops.loads_in_force WHERE source_id = :source_id)
)
