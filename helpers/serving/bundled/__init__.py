"""The model that comes with the repository: made by its recipe, scored once."""

from __future__ import annotations

from helpers.serving.bundled.build import make_box

__all__ = [
    "make_box",
]
