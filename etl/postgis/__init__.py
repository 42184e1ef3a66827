"""Everything about the database server itself: the private cluster, engine, migrations."""
