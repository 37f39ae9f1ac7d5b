"""Where a network looked: class activation maps, and how much of them lies on the lesion."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
