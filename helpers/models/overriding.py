"""Layers of Keras that compute in another way where it fits, in all models of a process."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

Fits = Callable[..., bool]
Compute = Callable[[Any, Any], Any]

_lock = threading.Lock()


def override(layer: type[Any], fits: Fits, compute: Compute, *, first: bool = False) -> None:
    """Have a kind of layer compute in another way where that fits.

    Parameters
    ----------
    layer : type
        A kind of layer of Keras.
    fits : callable
        Of a layer, its inputs and the options of its call. Where none of a kind's ways fits,
        Keras computes.
    compute : callable
        Of a layer and its inputs. Given a second time it changes nothing.
    first : bool, default=False
        Whether it comes before the ways that have been given or will be.
    """
    with _lock:  # two visitors of an app may come with their first pictures at once
        if not hasattr(layer.call, "ways"):
            layer.call = _with_ways(layer.call)
        ways: list[tuple[Fits, Compute]] = layer.call.ways
        if (fits, compute) not in ways:
            ways.insert(0 if first else len(ways), (fits, compute))


def _with_ways(by_keras: Callable[..., Any]) -> Callable[..., Any]:
    ways: list[tuple[Fits, Compute]] = []

    @functools.wraps(by_keras)
    def call(self: Any, inputs: Any, **options: Any) -> Any:
        for fits, compute in ways:
            if fits(self, inputs, **options):
                return compute(self, inputs)
        return by_keras(self, inputs, **options)

    call.ways = ways  # type: ignore[attr-defined]
    return call
