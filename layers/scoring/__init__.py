"""How risk follows from what was loaded: pure functions on frames and arrays, no database, no server."""
