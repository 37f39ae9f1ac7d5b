"""From a source of images to a validated catalogue, its divisions and its decoded images."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
