"""What a chapter does with the student who sits before it: a guess first, and controls to touch."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
