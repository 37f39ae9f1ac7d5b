"""Layers of Keras by quicker operations, for trainings that compute with TensorFlow.

Keras writes a batch normalisation out: mean, squared difference, reciprocal root and products, a
dozen operations and three dozen more in their gradients. A step takes little longer for it, but
TensorFlow traces and optimises twice the graph, and for InceptionResNetV2 that is the time of ten
steps. And with oneDNN, which halves the time of a convolution, TensorFlow finds the gradient of a
depthwise kernel twenty times more slowly where the map is narrower than the kernel, as behind small
pictures it is (``findings/tensorflow_depthwise_gradient.sh``). A convolution of 1x1 is a product of
matrices, and as one its three parts, output and both gradients, take less time on a CPU: a step of
InceptionResNetV2 on pictures of 75x75 0.77 of it, of EfficientNetB3 on 56x56 0.82. Without
gradients it is the other way round, because there TensorFlow adds what follows to a convolution.
"""

from __future__ import annotations

from typing import Any

from helpers.models.overriding import override

TILE = 3
"""Side of the parts of a depthwise kernel whose gradients are found one by one. On a CPU with AVX2
parts of 3 took less time than parts of 1 or 2, on every map of `_is_slow`."""


def use_fast_layers() -> None:
    """Have the layers of this process compute by quicker operations.

    What they compute, and what running statistics become, is what Keras computes. Other backends,
    and inputs other than float32 with the channels last, are left to Keras; so are normalisations
    and depthwise convolutions that do not learn, where its form is the faster one on a CPU.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    override(keras.layers.BatchNormalization, _fits_fused, _learn)
    if not tf.config.list_physical_devices("GPU"):
        override(keras.layers.Conv2D, _is_product, _multiply)
        override(keras.layers.DepthwiseConv2D, _is_slow, _convolve)


def _may(layer: Any, x: Any) -> bool:
    return bool(x.dtype == "float32" and layer.trainable)


def _fits_fused(layer: Any, x: Any, training: Any = None, mask: Any = None) -> bool:
    plain = len(x.shape) == 4 and layer.axis in (-1, 3) and not layer.renorm
    return _may(layer, x) and training is True and mask is None and plain


def _learn(layer: Any, x: Any) -> Any:
    """Normalise a batch by its own statistics, and move the running ones towards them."""
    import tensorflow as tf

    n_channels = x.shape[-1]
    empty = tf.constant([], tf.float32)
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=layer.gamma.value if layer.scale else tf.ones((n_channels,)),
        offset=layer.beta.value if layer.center else tf.zeros((n_channels,)),
        mean=empty,
        variance=empty,
        epsilon=layer.epsilon,
        is_training=True,
    )
    # The operation gives the variance with n - 1 in the denominator, and Keras keeps that with n.
    n_values = tf.size(x) // n_channels
    share = tf.cast(tf.maximum(n_values - 1, 1), tf.float32) / tf.cast(n_values, tf.float32)
    moves = ((layer.moving_mean, mean), (layer.moving_variance, variance * share))
    for running, found in moves:
        found = tf.stop_gradient(found)
        running.value.assign_sub((1 - layer.momentum) * (running.value - found))
    return y


def _is_product(layer: Any, x: Any) -> bool:
    """Whether a convolution takes each place of a map by itself."""
    import keras

    return (
        x.dtype == "float32"  # learning or not: what it gives must not depend on when it is traced
        and type(layer) is keras.layers.Conv2D
        and layer.kernel_size == layer.strides == (1, 1)
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and None not in x.shape[1:]
        and not layer.lora_enabled
    )


def _multiply(layer: Any, x: Any) -> Any:
    """Convolution by a kernel of 1x1, as a product of two matrices."""
    import tensorflow as tf

    height, width, n_channels = x.shape[1:]
    kernel = tf.reshape(layer.kernel.value, (n_channels, layer.filters))
    y = tf.matmul(tf.reshape(x, (-1, n_channels)), kernel)
    return _finish(layer, tf.reshape(y, (-1, height, width, layer.filters)))


def _finish(layer: Any, y: Any) -> Any:
    """What a convolution does with its sums."""
    import tensorflow as tf

    if layer.use_bias:
        y = tf.nn.bias_add(y, layer.bias.value)
    return y if layer.activation is None else layer.activation(y)


def _is_slow(layer: Any, x: Any) -> bool:
    """Whether oneDNN's gradient of the kernel takes longer than that of its parts.

    Where a map is narrower than the kernel it takes 15 to 25 times as long, for kernels of 5x5 on
    maps up to 9 wide 1.4 times.
    """
    size, side = layer.kernel_size[0], min(x.shape[1] or 0, x.shape[2] or 0)
    usual = (
        layer.data_format == "channels_last"
        and layer.kernel_size == (size, size)
        and layer.dilation_rate == (1, 1)
        and layer.strides[0] == layer.strides[1]
    )
    return _may(layer, x) and usual and side > 0 and (side < size or (size > TILE and side < 10))


def _convolve(layer: Any, x: Any) -> Any:
    """Depthwise convolution whose kernel's gradient is found part by part."""
    import tensorflow as tf

    stride = layer.strides[0]
    strides, padding = [1, stride, stride, 1], layer.padding.upper()

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def convolve(x: Any, kernel: Any) -> Any:
        y = tf.nn.depthwise_conv2d(x, kernel, strides, padding)

        def gradient(upstream: Any) -> tuple[Any, Any]:
            of_x = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(x),
                filter=kernel,
                out_backprop=upstream,
                strides=strides,
                padding=padding,
            )
            return of_x, _kernel_gradient(x, upstream, tuple(kernel.shape), stride, padding)

        return y, gradient

    return _finish(layer, convolve(x, layer.kernel.value))


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
