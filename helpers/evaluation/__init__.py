"""Scores, tables and comparisons of predictions, each with its interval and its n."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
