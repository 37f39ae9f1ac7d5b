"""Quicker layers against Keras' own."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
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


def normalisation(options: dict[str, Any]) -> Any:
    """A batch normalisation."""
    import keras

    return keras.layers.BatchNormalization(momentum=0.7, epsilon=1e-3, **options)


def step(layer: Any, shape: tuple[int, ...], **called: Any) -> Any:
    """Output, gradients and weights of a layer after two batches, and the operations in it."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    layer.build(shape)
    for weight in layer.weights:
        weight.assign(rng.uniform(0.5, 2, weight.shape))
    names: list[str] = []

    @tf.function
    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cast(layer(x, **called), "float32")
            loss = tf.reduce_sum(
                y * tf.cos(tf.reshape(tf.range(tf.size(y), dtype="float32"), y.shape))
            )
        trained = [variable.value for variable in layer.trainable_variables]
        gradients = tape.gradient(loss, [x, *trained])
        names.extend(op.type for op in tf.compat.v1.get_default_graph().get_operations())
        return y, gradients

    found = []
    for _ in range(2):
        y, gradients = run(tf.constant(rng.normal(3, 2, shape).astype("f4")))
        found += [y, *gradients]
    found += [weight.numpy() for weight in layer.weights]
    return [np.asarray(array) for array in found], names


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


@pytest.mark.parametrize(
    ("shape", "size", "stride", "padding", "parts"),
    [
        ((2, 4, 5, 6), 5, 1, "same", 4),
        ((2, 9, 7, 6), 5, 2, "same", 4),
        ((2, 4, 4, 3), 5, 2, "same", 4),
        ((2, 2, 2, 6), 3, 1, "same", 1),
        ((2, 1, 1, 6), 3, 2, "same", 1),
        ((2, 9, 9, 6), 7, 2, "valid", 9),
        ((2, 8, 7, 6), 5, 2, "valid", 4),
        ((2, 4, 5, 6), 3, 1, "same", 0),
        ((2, 14, 18, 6), 5, 1, "same", 0),
    ],
)
def test_gradients_of_depthwise_kernels(
    shape: tuple[int, ...], size: int, stride: int, padding: str, parts: int, fast: Any
) -> None:
    """A kernel's gradient from its parts is the gradient; where that is no quicker it is Keras'."""
    import keras

    def layer() -> Any:
        return keras.layers.DepthwiseConv2D(
            size, strides=stride, padding=padding, activation="tanh", depth_multiplier=2
        )

    theirs, names = step(layer(), shape)
    assert names.count("DepthwiseConv2dNativeBackpropFilter") == 1
    fast()
    ours, names = step(layer(), shape)
    assert names.count("DepthwiseConv2dNativeBackpropFilter") == (parts or 1)
    assert ("Pad" in names or "ConcatV2" in names) == (parts > 0)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize(
    ("shape", "options"),
    [((2, 4, 5, 6), {"activation": "tanh"}), ((3, 1, 1, 6), {"use_bias": False})],
)
def test_a_convolution_of_1x1_is_a_product(
    shape: tuple[int, ...], options: dict[str, Any], trainable: bool, fast: Any
) -> None:
    """Output and gradients agree with Keras', and what learns not is computed in the same way."""
    import keras

    def layer() -> Any:
        return keras.layers.Conv2D(7, 1, trainable=trainable, **options)

    theirs, names = step(layer(), shape)
    assert "Conv2D" in names
    fast()
    ours, names = step(layer(), shape)
    assert "MatMul" in names
    assert not any(name.startswith("Conv2D") for name in names)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3},
        {"kernel_size": 1, "strides": 2},
        {"kernel_size": 1, "groups": 2},
        {"kernel_size": 1, "dtype": "mixed_bfloat16"},
    ],
)
def test_other_convolutions_are_left_to_keras(options: dict[str, Any], fast: Any) -> None:
    """Larger kernels, steps, groups and other numbers are computed as Keras computes them."""
    import keras

    theirs, _ = step(keras.layers.Conv2D(6, **options), (2, 4, 5, 6))
    fast()
    ours, names = step(keras.layers.Conv2D(6, **options), (2, 4, 5, 6))
    assert "MatMul" not in names
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_heir_of_a_convolution_is_left_alone(fast: Any) -> None:
    """A kind of layer that computes otherwise goes on to do so."""
    import keras

    class Doubled(keras.layers.Conv2D):  # type: ignore[misc]
        def convolution_op(self, inputs: Any, kernel: Any) -> Any:
            return 2 * super().convolution_op(inputs, kernel)

    theirs, _ = step(Doubled(7, 1), (2, 4, 5, 6))
    fast()
    ours, names = step(Doubled(7, 1), (2, 4, 5, 6))
    assert "Conv2D" in names
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_twice_is_once(fast: Any) -> None:
    """A worker that trains a second time does not wrap a layer again."""
    import keras

    fast()
    once = keras.layers.BatchNormalization.call, keras.layers.DepthwiseConv2D.call
    fast()
    assert (keras.layers.BatchNormalization.call, keras.layers.DepthwiseConv2D.call) == once
