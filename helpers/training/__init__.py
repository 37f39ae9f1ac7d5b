"""Trials: configured, named by their content, trained in processes of their own, and kept."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
