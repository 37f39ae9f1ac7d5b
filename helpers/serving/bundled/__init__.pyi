from .build import build_bundled, read_recipe

__all__ = [
    "build_bundled",
    "read_recipe",
]
