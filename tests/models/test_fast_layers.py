"""Quicker layers against Keras' own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.layers import step


def normalisation(options: dict[str, Any]) -> Any:
    """A batch normalisation."""
    import keras

    return keras.layers.BatchNormalization(momentum=0.7, epsilon=1e-3, **options)


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}])
@pytest.mark.parametrize("shape", [(4, 5, 3, 6), (2, 1, 1, 3)])
def test_it_learns_as_keras_does(
    options: dict[str, Any], shape: tuple[int, ...], fast: Any
) -> None:
    """Outputs, gradients and running statistics agree, also for few values a channel."""
    theirs, names = step(normalisation(options), shape, training=True)
    assert "FusedBatchNormV3" not in names
    fast()
    ours, names = step(normalisation(options), shape, training=True)
    assert "FusedBatchNormV3" in names
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("options", "shape", "training"),
    [({}, (4, 5, 3, 6), False), ({"trainable": False}, (4, 5, 3, 6), True), ({}, (8, 6), True)],
)
def test_the_rest_is_left_to_keras(
    options: dict[str, Any], shape: tuple[int, ...], training: bool, fast: Any
) -> None:
    """Inference, frozen layers and vectors are computed as Keras computes them."""
    theirs, _ = step(normalisation(options), shape, training=training)
    fast()
    ours, names = step(normalisation(options), shape, training=training)
    assert "FusedBatchNormV3" not in names
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_twice_is_once(fast: Any) -> None:
    """A worker that trains a second time does not wrap a layer again."""
    import keras

    fast()
    once = keras.layers.BatchNormalization.call, keras.layers.DepthwiseConv2D.call
    fast()
    assert (keras.layers.BatchNormalization.call, keras.layers.DepthwiseConv2D.call) == once
