"""Commands of the loading side, one module a subject; etl/cli.py joins them."""
