"""Benchmarks: each module prints what it measured; none of them passes or fails."""
