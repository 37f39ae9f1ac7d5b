from .build import build_bundled

__all__ = [
    "build_bundled",
]
