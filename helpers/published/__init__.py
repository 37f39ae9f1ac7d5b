"""What others published: numbers with their sources, and what follows from them."""

from __future__ import annotations

from helpers.published.matrices import matrices_that_fit
from helpers.published.numbers import claim, claims, ham10000_counts, keras_applications

__all__ = [
    "claim",
    "claims",
    "ham10000_counts",
    "keras_applications",
    "matrices_that_fit",
]
