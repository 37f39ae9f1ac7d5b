"""The command line ``dermbook``."""
