"""Quicker layers against Keras' own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.layers import step

from helpers.models.fast_layers import fast_layers


def normalisation(options: dict[str, Any]) -> Any:
    """A batch normalisation."""
    import keras

    return keras.layers.BatchNormalization(momentum=0.7, epsilon=1e-3, **options)


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}])
@pytest.mark.parametrize("shape", [(4, 5, 3, 6), (2, 1, 1, 3)])
def test_it_learns_as_keras_does(options: dict[str, Any], shape: tuple[int, ...]) -> None:
    """Outputs, gradients and running statistics agree, also for few values a channel."""
    theirs, names = step(normalisation(options), shape, training=True)
    assert "FusedBatchNormV3" not in names
    with fast_layers():
        ours, names = step(normalisation(options), shape, training=True)
    assert "FusedBatchNormV3" in names
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("options", "shape", "training"),
    [({}, (4, 5, 3, 6), False), ({"trainable": False}, (4, 5, 3, 6), True), ({}, (8, 6), True)],
)
def test_the_rest_is_left_to_keras(
    options: dict[str, Any], shape: tuple[int, ...], training: bool
) -> None:
    """Inference, frozen layers and vectors are computed as Keras computes them."""
    theirs, _ = step(normalisation(options), shape, training=training)
    with fast_layers():
        ours, names = step(normalisation(options), shape, training=training)
    assert "FusedBatchNormV3" not in names
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_twice_is_once() -> None:
    """A worker that trains a second time does not wrap a layer again."""
    from keras import layers

    kinds = (layers.BatchNormalization, layers.Conv2D, layers.DepthwiseConv2D)
    with fast_layers():
        once = [kind.call for kind in kinds]
    with fast_layers():
        assert [kind.call for kind in kinds] == once
    assert not any(hasattr(call.__wrapped__, "__wrapped__") for call in once)


def test_outside_keras_computes() -> None:
    """What is traced before or after steps, such as an export, has Keras' operations."""
    import keras

    with fast_layers():
        pass
    _, names = step(keras.layers.Conv2D(4, 1), (2, 3, 3, 6))
    assert "MatMul" not in names
    _, names = step(normalisation({}), (4, 5, 3, 6), training=True)
    assert "FusedBatchNormV3" not in names
