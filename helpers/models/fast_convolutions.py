"""Convolutions of Keras whose parts TensorFlow finds in less time by other operations, on a CPU.

- A convolution of 1x1 is a product of matrices, and as one its three parts, output and both
  gradients, take less time: a step of InceptionResNetV2 on pictures of 75x75 0.77 of it, of
  EfficientNetB3 on 56x56 0.82. Without gradients it is the other way round, because there
  TensorFlow adds what follows to a convolution.
- On maps as small as small pictures make them, oneDNN finds the gradient of a larger kernel in up
  to five times the time of the product of what each place sees with what it is told [1]_: a step of
  ResNet50 on 56x56 takes 0.86 of the time.
- With oneDNN, which halves the time of a convolution, the gradient of a depthwise kernel takes
  twenty times as long where the map is narrower than the kernel
  (``findings/tensorflow_depthwise_gradient.sh``); part by part it does not.

References
----------
.. [1] Chellapilla, Puri & Simard, "High performance convolutional neural networks for document
   processing", IWFHR 2006, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpers.models.overriding import override

SMALL = 4
"""Widest map whose gradients of kernels are products: on wider ones they took as long or longer, on
a CPU with AVX2."""

TILE = 3
"""Side of the parts of a depthwise kernel whose gradients are found one by one. On a CPU with AVX2
parts of 3 took less time than parts of 1 or 2, on every map of `_is_narrow`."""


def use_fast_convolutions() -> None:
    """Have the convolutions of this process compute by quicker operations, in float32."""
    import keras

    override(keras.layers.Conv2D, _is_product, _multiply)
    override(keras.layers.Conv2D, _is_small, _convolve)
    override(keras.layers.DepthwiseConv2D, _is_narrow, _convolve_depthwise)


def _is_plain(layer: Any, x: Any) -> bool:
    """Whether a layer convolves all channels of a map of a known size."""
    import keras

    return (
        x.dtype == "float32"
        and type(layer) is keras.layers.Conv2D
        and layer.dilation_rate == (1, 1)
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and None not in x.shape[1:]
        and not layer.lora_enabled
    )


def _is_product(layer: Any, x: Any) -> bool:
    """Whether a convolution takes each place of a map by itself.

    Learning or not: what it gives must not depend on when it is traced.
    """
    return _is_plain(layer, x) and layer.kernel_size == layer.strides == (1, 1)


def _multiply(layer: Any, x: Any) -> Any:
    """Convolution by a kernel of 1x1, as a product of two matrices."""
    import tensorflow as tf

    height, width, n_channels = x.shape[1:]
    kernel = tf.reshape(layer.kernel.value, (n_channels, layer.filters))
    y = tf.matmul(tf.reshape(x, (-1, n_channels)), kernel)
    return _finish(layer, tf.reshape(y, (-1, height, width, layer.filters)))


def _is_small(layer: Any, x: Any) -> bool:
    """Whether a kernel learns from a map so small that its gradient is found as a product."""
    if not (layer.trainable and _is_plain(layer, x)):
        return False
    return max(layer.compute_output_shape(x.shape)[1:3]) <= SMALL


def _convolve(layer: Any, x: Any) -> Any:
    """Convolution whose kernel's gradient is a product of two matrices."""
    import tensorflow as tf

    strides, padding = [1, *layer.strides, 1], layer.padding.upper()
    shape = tuple(layer.kernel.shape)

    def of_kernel(x: Any, upstream: Any) -> Any:
        seen = tf.image.extract_patches(x, [1, *shape[:2], 1], strides, [1, 1, 1, 1], padding)
        seen = tf.reshape(seen, (-1, shape[0] * shape[1] * shape[2]))
        told = tf.reshape(upstream, (-1, shape[3]))
        return tf.reshape(tf.matmul(seen, told, transpose_a=True), shape)

    operations = tf.nn.conv2d, tf.raw_ops.Conv2DBackpropInput
    return _finish(layer, _by_parts(layer, x, operations, of_kernel))


def _is_narrow(layer: Any, x: Any) -> bool:
    """Whether oneDNN's gradient of a depthwise kernel takes longer than that of its parts.

    Where a map is narrower than the kernel it takes 15 to 25 times as long, for kernels of 5x5 on
    maps up to 9 wide 1.4 times.
    """
    size, side = layer.kernel_size[0], min(x.shape[1] or 0, x.shape[2] or 0)
    usual = (
        x.dtype == "float32"
        and layer.trainable
        and layer.data_format == "channels_last"
        and layer.kernel_size == (size, size)
        and layer.dilation_rate == (1, 1)
        and layer.strides[0] == layer.strides[1]
    )
    return bool(usual and side > 0 and (side < size or (size > TILE and side < 10)))


def _convolve_depthwise(layer: Any, x: Any) -> Any:
    """Depthwise convolution whose kernel's gradient is found part by part."""
    import tensorflow as tf

    shape, stride, padding = tuple(layer.kernel.shape), layer.strides[0], layer.padding.upper()

    def of_kernel(x: Any, upstream: Any) -> Any:
        return _kernel_gradient(x, upstream, shape, stride, padding)

    operations = tf.nn.depthwise_conv2d, tf.raw_ops.DepthwiseConv2dNativeBackpropInput
    return _finish(layer, _by_parts(layer, x, operations, of_kernel))


def _by_parts(
    layer: Any,
    x: Any,
    operations: tuple[Callable[..., Any], Callable[..., Any]],
    of_kernel: Callable[[Any, Any], Any],
) -> Any:
    """Sums of a convolution, from its operations for them and for the gradient of its input.

    The gradient of its kernel is that of `of_kernel`, from the input and the gradient of the sums.
    """
    import tensorflow as tf

    strides, padding = [1, *layer.strides, 1], layer.padding.upper()
    forward, of_input = operations

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def convolve(x: Any, kernel: Any) -> Any:
        def gradient(upstream: Any) -> tuple[Any, Any]:
            of_x = of_input(
                input_sizes=tf.shape(x),
                filter=kernel,
                out_backprop=upstream,
                strides=strides,
                padding=padding,
            )
            return of_x, of_kernel(x, upstream)

        return forward(x, kernel, strides, padding), gradient

    return convolve(x, layer.kernel.value)


def _finish(layer: Any, y: Any) -> Any:
    """What a convolution does with its sums."""
    import tensorflow as tf

    if layer.use_bias:
        y = tf.nn.bias_add(y, layer.bias.value)
    return y if layer.activation is None else layer.activation(y)


def _kernel_gradient(
    x: Any, upstream: Any, shape: tuple[int, ...], stride: int, padding: str
) -> Any:
    """Gradient of a depthwise kernel of a shape (size, size, n_channels, multiplier)."""
    import tensorflow as tf

    size = shape[0]
    spans = [(n - 1) * stride for n in upstream.shape[1:3]]  # from the first place to the last
    if padding == "SAME":
        missing = [max(span + size - n, 0) for span, n in zip(spans, x.shape[1:3], strict=True)]
        x = tf.pad(x, [(0, 0), *((n // 2, n - n // 2) for n in missing), (0, 0)])
    starts = range(0, size, TILE)
    rows = []
    for top in starts:
        height = min(TILE, size - top)
        parts = []
        for left in starts:
            width = min(TILE, size - left)
            seen = x[:, top : top + spans[0] + height, left : left + spans[1] + width]
            part = tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                input=seen,
                filter_sizes=(height, width, *shape[2:]),
                out_backprop=upstream,
                strides=[1, stride, stride, 1],
                padding="VALID",
            )
            parts.append(part)
        rows.append(tf.concat(parts, axis=1))
    return tf.concat(rows, axis=0)
