"""What a chapter holds in its hands: the run, and how figures, tables and numbers are shown."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
