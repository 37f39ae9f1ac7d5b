"""The model that comes with the repository: made by its recipe, scored once."""

from __future__ import annotations

from helpers.serving.bundled.build import build_bundled

__all__ = [
    "build_bundled",
]
