"""How a picture is changed before a network sees it: affine, colours, cutout, equalisation."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
