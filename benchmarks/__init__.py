"""Benchmarks: ratios of this project's work to the obvious way, measured in one run."""
