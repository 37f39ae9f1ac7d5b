from .matrices import matrices_that_fit
from .numbers import claim, claims, ham10000_counts, ham10000_order, keras_applications

__all__ = [
    "claim",
    "claims",
    "ham10000_counts",
    "ham10000_order",
    "keras_applications",
    "matrices_that_fit",
]
