"""Quicker convolutions against Keras' own."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from support.layers import step

from helpers.models import fast_convolutions
from helpers.models.fast_layers import fast_layers
from helpers.models.forward import Forward


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
    shape: tuple[int, ...], size: int, stride: int, padding: str, parts: int
) -> None:
    """A kernel's gradient from its parts is the gradient; where that is no quicker it is Keras'."""
    import keras

    def layer() -> Any:
        return keras.layers.DepthwiseConv2D(
            size, strides=stride, padding=padding, activation="tanh", depth_multiplier=2
        )

    theirs, names = step(layer(), shape)
    assert names.count("DepthwiseConv2dNativeBackpropFilter") == 1
    with fast_layers():
        ours, names = step(layer(), shape)
    assert names.count("DepthwiseConv2dNativeBackpropFilter") == (parts or 1)
    assert ("Pad" in names or "ConcatV2" in names) == (parts > 0)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((2, 4, 5, 6), {"activation": "tanh"}),
        ((3, 1, 1, 6), {"use_bias": False}),
        ((2, 4, 4, 6), {"strides": 2}),
        ((2, 7, 5, 6), {"strides": 2, "padding": "same"}),
        ((2, 8, 9, 6), {"strides": 3}),
        ((2, 1, 1, 6), {"strides": 2}),
    ],
)
def test_a_convolution_of_1x1_is_a_product(shape: tuple[int, ...], options: dict[str, Any]) -> None:
    """Output and both gradients agree with Keras'."""
    import keras

    def layer() -> Any:
        return keras.layers.Conv2D(7, 1, **options)

    theirs, names = step(layer(), shape)
    assert "Conv2D" in names
    with fast_layers():
        ours, names = step(layer(), shape)
    assert "MatMul" in names
    assert not any(name.startswith("Conv2D") for name in names)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((2, 2, 2, 6), {"kernel_size": 3, "padding": "same", "activation": "tanh"}),
        ((2, 3, 4, 6), {"kernel_size": (1, 7), "padding": "same", "use_bias": False}),
        ((2, 8, 7, 6), {"kernel_size": 3, "strides": 2, "padding": "same"}),
        ((2, 5, 5, 6), {"kernel_size": (3, 2)}),
        ((2, 1, 1, 6), {"kernel_size": (3, 1), "padding": "same"}),
    ],
)
def test_gradients_of_kernels_on_small_maps(
    shape: tuple[int, ...], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a product of what places see and what they are told it is Keras' gradient."""
    import keras

    monkeypatch.setattr(fast_convolutions, "LARGE", 0)
    theirs, names = step(keras.layers.Conv2D(7, **options), shape)
    assert "Conv2DBackpropFilter" in names
    with fast_layers():
        ours, names = step(keras.layers.Conv2D(7, **options), shape)
    assert "Conv2DBackpropFilter" not in names
    np.testing.assert_array_equal(ours[0], theirs[0])
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 2, 2, 6), {"kernel_size": 3, "padding": "same", "activation": "tanh"}),
        ((2, 1, 1, 6), {"kernel_size": 3, "padding": "same"}),
        ((2, 2, 1, 6), {"kernel_size": (2, 5), "padding": "same", "use_bias": False}),
        ((2, 3, 4, 6), {"kernel_size": (2, 3)}),
    ],
)
def test_large_kernels_on_the_smallest_maps_are_products(
    shape: tuple[int, ...], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Output and both gradients agree with Keras'; with smaller kernels it convolves."""
    import keras

    monkeypatch.setattr(fast_convolutions, "LARGE", 0)
    theirs, _ = step(keras.layers.Conv2D(7, **options), shape)
    with fast_layers():
        assert "Conv2D" in step(keras.layers.Conv2D(7, **options), shape)[1]
        monkeypatch.setattr(fast_convolutions, "LARGEST", 0)
        ours, names = step(keras.layers.Conv2D(7, **options), shape)
    assert not any(name.startswith("Conv2D") for name in names)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3},
        {"kernel_size": 3, "dilation_rate": 4},
        {"kernel_size": 1, "trainable": False},
        {"kernel_size": 3, "strides": 4, "trainable": False},
        {"kernel_size": 1, "strides": 2, "trainable": False},
        {"kernel_size": 1, "groups": 2},
        {"kernel_size": 1, "dtype": "mixed_bfloat16"},
    ],
)
def test_the_rest_is_left_to_keras(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wider maps, frozen and dilated kernels, groups, other numbers: what Keras computes."""
    import keras

    monkeypatch.setattr(fast_convolutions, "LARGE", 0)
    theirs, _ = step(keras.layers.Conv2D(6, **options), (2, 9, 10, 6))
    with fast_layers():
        ours, names = step(keras.layers.Conv2D(6, **options), (2, 9, 10, 6))
    assert "MatMul" not in names
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_heir_of_a_convolution_is_left_alone() -> None:
    """A kind of layer that computes otherwise goes on to do so."""
    import keras

    class Doubled(keras.layers.Conv2D):  # type: ignore[misc]
        def convolution_op(self, inputs: Any, kernel: Any) -> Any:
            return 2 * super().convolution_op(inputs, kernel)

    theirs, _ = step(Doubled(7, 1), (2, 4, 5, 6))
    with fast_layers():
        ours, names = step(Doubled(7, 1), (2, 4, 5, 6))
    assert "Conv2D" in names
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_maps_of_unknown_sizes_are_left_to_keras() -> None:
    """A network for pictures of any size computes as before."""
    import keras

    def model() -> Any:
        keras.utils.set_random_seed(0)
        inputs = keras.Input((None, None, 6))
        x = keras.layers.DepthwiseConv2D(3, padding="same")(inputs)
        x = keras.layers.Conv2D(5, 1)(keras.layers.Conv2D(6, 3, padding="same")(x))
        return keras.Model(inputs, x)

    batch = np.random.default_rng(0).normal(0, 1, (2, 2, 3, 6)).astype("f4")
    theirs = Forward(model())(batch)
    with fast_layers():
        np.testing.assert_array_equal(Forward(model())(batch), theirs)


@pytest.mark.parametrize("largest", [0, fast_convolutions.LARGEST])
def test_gradients_of_gradients(largest: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What explains a network may take gradients at once, and their gradients."""
    import keras
    import tensorflow as tf

    monkeypatch.setattr(fast_convolutions, "LARGE", 0)
    monkeypatch.setattr(fast_convolutions, "LARGEST", largest)
    monkeypatch.setattr(fast_convolutions, "SMALLEST", 3)

    def found() -> list[Any]:
        keras.utils.set_random_seed(0)
        inputs = keras.Input((3, 3, 6))
        x = keras.layers.Conv2D(6, 3, padding="same", activation="tanh")(inputs)
        x = keras.layers.DepthwiseConv2D(5, padding="same", activation="tanh")(x)
        model = keras.Model(inputs, keras.layers.Conv2D(4, 1, activation="tanh")(x))
        kernels = [weight.value for weight in model.trainable_weights[::2]]
        batch = tf.constant(np.random.default_rng(0).normal(0, 1, (2, 3, 3, 6)), "float32")
        with tf.GradientTape() as outer:
            outer.watch(batch)
            with tf.GradientTape() as inner:
                inner.watch(batch)
                loss = tf.reduce_sum(model(batch) ** 2)
            first = inner.gradient(loss, [batch, *kernels])
            total = tf.add_n([tf.reduce_sum(gradient**2) for gradient in first])
        return [*first, *outer.gradient(total, [batch, *kernels])]

    theirs = found()
    with fast_layers():
        ours = found()
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_no_network_is_kept_by_its_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a network goes its graph does, though TensorFlow keeps the gradients it was told of."""
    import keras
    import tensorflow as tf

    monkeypatch.setattr(fast_convolutions, "LARGE", 0)
    graphs = []

    def train() -> None:
        inputs = keras.Input((3, 3, 6))
        x = keras.layers.Conv2D(6, 3, padding="same")(inputs)
        x = keras.layers.DepthwiseConv2D(5, padding="same")(x)
        model = keras.Model(inputs, x)

        @tf.function
        def run(x: Any) -> Any:
            graphs.append(weakref.ref(tf.compat.v1.get_default_graph()))
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(model(x))
            return tape.gradient(loss, [weight.value for weight in model.trainable_weights])

        with fast_layers():
            run(tf.zeros((2, 3, 3, 6)))

    train()
    gc.collect()
    assert len(graphs) == 1
    assert graphs[0]() is None
