"""Jobs that the pages ask for: kept in PostgreSQL, run one after the other by a worker, resumed when it dies."""
