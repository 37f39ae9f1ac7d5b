"""An object that raises whatever is done with it."""

from __future__ import annotations

from typing import Any


class Explodes:
    """Raises whatever is done with it."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("explodes")

    def _explode(self, *_: Any) -> Any:
        raise RuntimeError("explodes")

    __repr__ = __str__ = __eq__ = __hash__ = __bool__ = _explode  # type: ignore[assignment]
    __iter__ = __len__ = __float__ = __call__ = _explode
