"""Commands of the loading side, one module a subject; riskatlas.py lists them by name."""
