"""The shared module of DermBook: chapters tell, helpers compute."""

__version__ = "0.1.0"
