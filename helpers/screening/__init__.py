"""Malignant against benign: data, scores, thresholds and what they mean for people."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
