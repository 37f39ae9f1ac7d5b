"""Fixtures of the tests of models."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.models.fast_layers import use_fast_layers


@pytest.fixture
def fast() -> Iterator[Any]:
    """A way to take quicker layers, undone afterwards."""
    import keras

    layers = keras.layers
    kinds = (layers.BatchNormalization, layers.Conv2D, layers.DepthwiseConv2D)
    before = [kind.call for kind in kinds]
    for kind in kinds:  # a training in this process may have taken them already
        kind.call = inspect.unwrap(kind.call)
    yield use_fast_layers
    for kind, call in zip(kinds, before, strict=True):
        kind.call = call
