"""Convolutions of Keras whose parts TensorFlow finds in less time by other operations, on a CPU.

- A convolution of 1x1 is a product of matrices, and as one its three parts, output and both
  gradients, take less time: a step of InceptionResNetV2 on pictures of 75x75 0.77 of it, of
  EfficientNetB3 on 56x56 0.82. Without gradients it is the other way round, because there
  TensorFlow adds what follows to a convolution.
- On maps as small as small pictures make them, oneDNN finds the gradient of a larger kernel in up
  to five times the time of the product of what each place sees with what it is told [1]_: a step of
  ResNet50 on 56x56 takes 0.86 of the time. On the smallest of them all three parts are products of
  what places see, and with strides of 1x1 convolutions that skip places, such a step takes 0.9 of
  that.
- With oneDNN, which halves the time of a convolution, the gradient of a depthwise kernel takes
  twenty times as long where the map is narrower than the kernel
  (``findings/tensorflow_depthwise_gradient.sh``); part by part it does not.

References
----------
.. [1] Chellapilla, Puri & Simard, "High performance convolutional neural networks for document
   processing", IWFHR 2006, section 3.
.. [2] TensorFlow, issue 97697 on GitHub.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypedDict

from helpers.models.overriding import Way

SMALL = 4
"""Widest map whose gradients of kernels are products: on wider ones they took as long or longer, on
a CPU with AVX2."""

LARGE = 2**18
"""Numbers in the smallest kernel of those: with a smaller one, what a hundred steps save on two
cores is no more than what telling TensorFlow of another gradient takes."""

SMALLEST = 2
"""Widest map that a convolution finds as a product as well, by kernels of at least `LARGEST`
numbers: on wider ones, or by smaller kernels, products took as long or longer."""

LARGEST = 2**21

TILE = 3
"""Side of the parts of a depthwise kernel whose gradients are found one by one. On a CPU with AVX2
parts of 3 took less time than parts of 1 or 2, on every map of `_is_narrow`."""


class Placement(TypedDict):
    """Where a kernel is laid, as TensorFlow's operations are told."""

    strides: list[int]
    padding: str


Gradient = Callable[[Any], tuple[Any, Any]]
"""From what the output is told to what input and kernel are."""

Convolve = Callable[[Any, Any, Placement], tuple[Any, Gradient]]
"""From maps, a kernel and where it is laid to the output and its gradient."""


def fast_convolutions() -> list[Way]:
    """Ways of convolutions; see `helpers.models.overriding.overridden`."""
    from keras import layers

    return [
        (layers.Conv2D, _is_product, _multiply),
        (layers.Conv2D, _is_small, _convolve),
        (layers.DepthwiseConv2D, _is_narrow, _convolve_depthwise),
    ]


def _is_plain(layer: Any, x: Any) -> bool:
    """Whether a layer learns in float32 from a map of a known size, channels last."""
    return (
        x.dtype == "float32"
        and layer.trainable
        and layer.data_format == "channels_last"
        and layer.dilation_rate == (1, 1)
        and len(x.shape) == 4
        and None not in x.shape[1:]
    )


def _is_of_keras(layer: Any) -> bool:
    """Whether a layer convolves all channels of its input by its kernel, and is no heir."""
    import keras

    return type(layer) is keras.layers.Conv2D and layer.groups == 1 and not layer.lora_enabled


def _is_product(layer: Any, x: Any) -> bool:
    """Whether a convolution takes each place of a map, or of those it keeps, by itself."""
    return layer.kernel_size == (1, 1) and _is_plain(layer, x) and _is_of_keras(layer)


def _multiply(layer: Any, x: Any) -> Any:
    """Convolution by a kernel of 1x1, as a product of two matrices."""
    import tensorflow as tf

    if layer.strides != (1, 1):
        x = _kept(x, *layer.strides)
    height, width, n_channels = x.shape[1:]
    kernel = tf.reshape(layer.kernel.value, (n_channels, layer.filters))
    y = tf.matmul(tf.reshape(x, (-1, n_channels)), kernel)
    return _finish(layer, tf.reshape(y, (-1, height, width, layer.filters)))


def _kept(x: Any, down: int, across: int) -> Any:
    """Every so many rows and columns of a map, beginning with the first.

    The gradient of a slice with strides takes several times as long as that of this one
    (``findings/tensorflow_strided_gradient.sh``).
    """
    import tensorflow as tf

    height, width, n_channels = x.shape[1:]
    x = tf.pad(x, [(0, 0), (0, -height % down), (0, -width % across), (0, 0)])
    rows, columns = -(-height // down), -(-width // across)
    x = tf.reshape(x, (-1, rows, down, columns, across, n_channels))
    x = tf.slice(x, [0] * 6, [-1, rows, 1, columns, 1, n_channels])
    return tf.reshape(x, (-1, rows, columns, n_channels))


def _is_small(layer: Any, x: Any) -> bool:
    """Whether a large kernel gives so small a map that its gradient is found as a product."""
    if not (_is_plain(layer, x) and _is_of_keras(layer) and math.prod(layer.kernel.shape) >= LARGE):
        return False
    return max(layer.compute_output_shape(x.shape)[1:3]) <= SMALL


def _convolve(layer: Any, x: Any) -> Any:
    """Convolution of which one part is a product of two matrices, or all three are."""
    n_numbers, side = math.prod(layer.kernel.shape), max(layer.compute_output_shape(x.shape)[1:3])
    all_parts = n_numbers >= LARGEST and side <= SMALLEST and layer.strides == (1, 1)
    return _by_operation(_in_products if all_parts else _with_kernel_by_product, layer, x)


def _with_kernel_by_product(x: Any, kernel: Any, place: Placement) -> tuple[Any, Gradient]:
    """Convolution whose kernel's gradient is a product."""
    import tensorflow as tf

    def gradient(upstream: Any) -> tuple[Any, Any]:
        of_x = tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(x), filter=kernel, out_backprop=upstream, **place
        )
        return of_x, _of_kernel(_seen(x, kernel, place), upstream, kernel)

    return tf.nn.conv2d(x, kernel, **place), gradient


def _in_products(x: Any, kernel: Any, place: Placement) -> tuple[Any, Gradient]:
    """Convolution with a stride of 1, of which all parts are products."""
    import tensorflow as tf

    seen = _seen(x, kernel, place)
    matrix = tf.reshape(kernel, (-1, kernel.shape[-1]))
    y = tf.reshape(tf.matmul(_flat(seen), matrix), (-1, *seen.shape[1:3], kernel.shape[-1]))

    def gradient(upstream: Any) -> tuple[Any, Any]:
        of_seen = tf.matmul(_flat(upstream), matrix, transpose_b=True)
        of_seen = tf.reshape(of_seen, (-1, *seen.shape[1:3], *kernel.shape[:-1]))
        return _put_back(of_seen, x.shape[1:3], place), _of_kernel(seen, upstream, kernel)

    return y, gradient


def _seen(x: Any, kernel: Any, place: Placement) -> Any:
    """What each place of the map sees of its input, (n_images, rows, columns, n_numbers)."""
    import tensorflow as tf

    return tf.image.extract_patches(x, [1, *kernel.shape[:2], 1], rates=[1, 1, 1, 1], **place)


def _of_kernel(seen: Any, upstream: Any, kernel: Any) -> Any:
    """Gradient of a kernel: what its places see, times what they are told."""
    import tensorflow as tf

    return tf.reshape(tf.matmul(_flat(seen), _flat(upstream), transpose_a=True), kernel.shape)


def _flat(places: Any) -> Any:
    """A row for each place of each map."""
    import tensorflow as tf

    return tf.reshape(places, (-1, places.shape[-1]))


def _put_back(of_seen: Any, size: tuple[int, int], place: Placement) -> Any:
    """Sum, for each place of the input, of what is told to it wherever it is seen.

    ``of_seen`` has the shape (n_images, rows, columns, height, width, n_channels) of places by
    those of the kernel, which moves by 1.
    """
    import tensorflow as tf

    for axis in (2, 1):  # columns, then rows; the kernel's own axis is the fourth or third
        n = of_seen.shape[axis + 2]
        parts = [
            tf.pad(
                tf.gather(of_seen, number, axis=axis + 2),
                [(number, n - 1 - number) if at == axis else (0, 0) for at in range(axis + 3)],
            )
            for number in range(n)
        ]
        before = (n - 1) // 2 if place["padding"] == "SAME" else 0
        inside = slice(before, before + size[axis - 1])
        of_seen = tf.add_n(parts)
        of_seen = of_seen[:, :, inside] if axis == 2 else of_seen[:, inside]
    return of_seen


def _is_narrow(layer: Any, x: Any) -> bool:
    """Whether oneDNN's gradient of a depthwise kernel takes longer than that of its parts.

    Where a map is narrower than the kernel it takes 15 to 25 times as long, for kernels of 5x5 on
    maps up to 9 wide 1.4 times.
    """
    size = layer.kernel_size[0]
    square = layer.kernel_size == (size, size) and layer.strides[0] == layer.strides[1]
    if not (square and _is_plain(layer, x)):
        return False
    side = min(x.shape[1:3])
    return bool(side < size or (size > TILE and side < 10))


def _convolve_depthwise(layer: Any, x: Any) -> Any:
    """Depthwise convolution whose kernel's gradient is found part by part."""
    return _by_operation(_with_kernel_by_parts, layer, x)


def _with_kernel_by_parts(x: Any, kernel: Any, place: Placement) -> tuple[Any, Gradient]:
    import tensorflow as tf

    def gradient(upstream: Any) -> tuple[Any, Any]:
        of_x = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
            input_sizes=tf.shape(x), filter=kernel, out_backprop=upstream, **place
        )
        return of_x, _gradient_by_parts(x, upstream, tuple(kernel.shape), place)

    return tf.nn.depthwise_conv2d(x, kernel, **place), gradient


def _by_operation(convolve: Convolve, layer: Any, x: Any) -> Any:
    import tensorflow as tf

    kernel = tf.convert_to_tensor(layer.kernel.value)
    sizes = tuple(x.shape[1:]), tuple(kernel.shape)
    return _finish(layer, _operation(convolve, *sizes, layer.strides, layer.padding)(x, kernel))


@functools.cache
def _operation(
    convolve: Convolve,
    size: tuple[int, ...],
    shape: tuple[int, ...],
    strides: tuple[int, int],
    padding: str,
) -> Any:
    """Convolution of maps of a size by a kernel of a shape, with its own way to a gradient.

    It is traced once, in a graph of its own: TensorFlow 2.21 keeps each gradient that it is told
    of for good, and the graph in which that was [2]_. A network's would keep all its variables.
    """
    import tensorflow as tf

    place: Placement = {"strides": [1, *strides, 1], "padding": padding.upper()}

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def placed(x: Any, kernel: Any) -> tuple[Any, Gradient]:
        return convolve(x, kernel, place)

    signature = [tf.TensorSpec((None, *size), tf.float32), tf.TensorSpec(shape, tf.float32)]
    return tf.function(placed, input_signature=signature, autograph=False)


def _finish(layer: Any, y: Any) -> Any:
    """What a convolution does with its sums."""
    import tensorflow as tf

    if layer.use_bias:
        y = tf.nn.bias_add(y, layer.bias.value)
    return y if layer.activation is None else layer.activation(y)


def _gradient_by_parts(x: Any, upstream: Any, shape: tuple[int, ...], place: Placement) -> Any:
    """Gradient of a depthwise kernel of a shape (size, size, n_channels, multiplier)."""
    import tensorflow as tf

    size, stride = shape[0], place["strides"][1]
    spans = [(n - 1) * stride for n in upstream.shape[1:3]]  # from the first place to the last
    if place["padding"] == "SAME":
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
