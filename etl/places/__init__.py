"""Positions for rows that came without: their address or name looked up in what the county itself has loaded."""
