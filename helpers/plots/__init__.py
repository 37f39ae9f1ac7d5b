"""All plots: they take numbers and axes, give the axes back, and save nothing."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
