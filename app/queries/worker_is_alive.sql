-- Whether a worker is at work: it holds an advisory lock as long as it lives. key: the lock
SELECT EXISTS (
    SELECT 1
    FROM pg_locks
    WHERE
        locktype = 'advisory'
        AND classid = 0
        AND objid = %(key)s
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
