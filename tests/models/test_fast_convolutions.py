"""Quicker convolutions against Keras' own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.layers import step


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
    ("shape", "options"),
    [
        ((2, 2, 2, 6), {"kernel_size": 3, "padding": "same", "activation": "tanh"}),
        ((2, 3, 4, 6), {"kernel_size": (1, 7), "padding": "same", "use_bias": False}),
        ((2, 4, 4, 6), {"kernel_size": 1, "strides": 2}),
        ((2, 8, 7, 6), {"kernel_size": 3, "strides": 2, "padding": "same"}),
        ((2, 5, 5, 6), {"kernel_size": (3, 2)}),
        ((2, 1, 1, 6), {"kernel_size": (3, 1), "padding": "same"}),
    ],
)
def test_gradients_of_kernels_on_small_maps(
    shape: tuple[int, ...], options: dict[str, Any], fast: Any
) -> None:
    """As a product of what places see and what they are told it is Keras' gradient."""
    import keras

    theirs, names = step(keras.layers.Conv2D(7, **options), shape)
    assert "Conv2DBackpropFilter" in names
    fast()
    ours, names = step(keras.layers.Conv2D(7, **options), shape)
    assert "Conv2DBackpropFilter" not in names
    np.testing.assert_array_equal(ours[0], theirs[0])
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3},
        {"kernel_size": 3, "strides": 2, "trainable": False},
        {"kernel_size": 1, "strides": 2},
        {"kernel_size": 1, "groups": 2},
        {"kernel_size": 1, "dtype": "mixed_bfloat16"},
    ],
)
def test_the_rest_is_left_to_keras(options: dict[str, Any], fast: Any) -> None:
    """Wider maps, frozen kernels, groups and other numbers are computed as Keras computes them."""
    import keras

    theirs, _ = step(keras.layers.Conv2D(6, **options), (2, 9, 10, 6))
    fast()
    ours, names = step(keras.layers.Conv2D(6, **options), (2, 9, 10, 6))
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
