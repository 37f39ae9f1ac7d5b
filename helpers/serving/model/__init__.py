"""A served model: opened, asked, and held back from pictures that it does not know."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
