"""Fold batch normalisations into the convolutions before them.

In inference a batch normalisation multiplies each channel by a constant and adds another, and so
does a convolution's weights and bias. Done once before an export, there is one operation less at
each place, and converters that know only some patterns have nothing left to miss [1]_. Done in a
graph, maps are written once and not three times, and the weights are followed as they change.

References
----------
.. [1] Jacob et al., "Quantization and training of neural networks for efficient
   integer-arithmetic-only inference", CVPR 2018, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.models.overriding import Way, overridden

Weights = list[NDArray[Any]]


def fold_batch_norms(model: Any) -> Any:
    """A model of the same function without the batch normalisations that can be folded.

    Parameters
    ----------
    model : keras.Model
        A functional one; not changed.

    Returns
    -------
    keras.Model
        Same input and output up to rounding, other layers of the same names. A batch
        normalisation is folded where it alone follows a convolution without activation.
    """
    import keras

    pairs = _pairs(model)
    folded = {norm.name for norm in pairs.values()}

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if layer.name in pairs:
            config["use_bias"] = True
        return layer.__class__.from_config(config)

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        return inputs[0] if layer.name in folded else layer(*inputs, **options)

    copy = keras.models.clone_model(model, clone_function=clone, call_function=call)
    for layer in model.layers:
        if layer.name in pairs:
            weights = _fold(layer, pairs[layer.name])
        elif layer.name in folded:
            continue
        else:
            weights = layer.get_weights()
        if weights:
            copy.get_layer(layer.name).set_weights(weights)
    return copy


@contextmanager
def folded_calls(model: Any, *, learning: bool = False) -> Iterator[None]:
    """Within, calls of a model, such as those that trace it, fold batch normalisations.

    The model stays as it is, and its file and its explanations with it. Only TensorFlow computes
    so, in float32; JAX and torch are left alone.

    Parameters
    ----------
    model : keras.Model
        A functional one, to be called with ``training=False`` unless `learning`.
    learning : bool, default=False
        Whether it is called to learn: then only what is frozen is folded, convolution and
        normalisation both. Folded into a kernel that learns, a step took longer.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    norms: dict[int, Any] = {}  # by the identity of their convolutions
    for name, norm in _pairs(model).items():
        layer = model.get_layer(name)
        frozen = not (layer.trainable or norm.trainable)
        if layer.compute_dtype == norm.compute_dtype == "float32" and (frozen or not learning):
            norms[id(layer)] = norm
    folded = {id(norm) for norm in norms.values()}

    def is_folding(layer: Any, x: Any, **options: Any) -> bool:
        return id(layer) in norms

    def is_folded(layer: Any, x: Any, **options: Any) -> bool:
        return id(layer) in folded

    def convolve(layer: Any, x: Any) -> Any:
        return _convolve(layer, norms[id(layer)], x)

    ways: list[Way] = [
        (keras.layers.Conv2D, is_folding, convolve),
        (keras.layers.DepthwiseConv2D, is_folding, convolve),
        (keras.layers.BatchNormalization, is_folded, _pass),
    ]
    with overridden(ways):
        yield


def _pass(layer: Any, x: Any) -> Any:
    return x


def _convolve(layer: Any, norm: Any, x: Any) -> Any:
    """What a convolution and its normalisation give."""
    import keras
    import tensorflow as tf

    scale = tf.math.rsqrt(norm.moving_variance.value + norm.epsilon)
    if norm.scale:
        scale *= norm.gamma.value
    shift = (layer.bias.value if layer.use_bias else 0.0) - norm.moving_mean.value
    bias = shift * scale + norm.beta.value if norm.center else shift * scale
    kernel = layer.kernel.value
    options = {
        "strides": layer.strides,
        "padding": layer.padding,
        "data_format": layer.data_format,
        "dilation_rate": layer.dilation_rate,
    }
    if _is_depthwise(layer):
        y = keras.ops.depthwise_conv(x, kernel * tf.reshape(scale, kernel.shape[2:]), **options)
    else:
        y = keras.ops.conv(x, kernel * scale, **options)
    return tf.nn.bias_add(y, bias)


def _is_depthwise(layer: Any) -> bool:
    return layer.__class__.__name__ == "DepthwiseConv2D"


def _pairs(model: Any) -> dict[str, Any]:
    """The batch normalisation to fold into each convolution, by the convolution's name."""
    import keras
    from keras import layers

    given = {id(output) for output in model.outputs}
    known = {id(layer) for layer in model.layers}
    found = {}
    for layer in model.layers:
        if type(layer) not in (
            layers.Conv2D,
            layers.DepthwiseConv2D,
        ):  # not what computes otherwise
            continue
        nodes = layer._outbound_nodes
        if len(nodes) != 1 or len(layer._inbound_nodes) != 1:
            continue
        following = nodes[0].operation
        if (
            type(following) is layers.BatchNormalization
            and following.axis in (-1, 3)
            and layer.activation is keras.activations.linear
            and not getattr(layer, "lora_enabled", False)
            and len(following._inbound_nodes) == 1
            and layer.data_format == "channels_last"
            and id(following) in known  # of this model, and not of one that goes on behind it
            and id(layer.output) not in given
        ):
            found[layer.name] = following
    return found


def _fold(layer: Any, norm: Any) -> Weights:
    """Kernel and bias of a convolution that does what it and its normalisation did."""
    kernel, *rest = (weight.astype(np.float64) for weight in layer.get_weights())
    bias = rest[0] if rest else 0.0
    mean = np.asarray(norm.moving_mean, dtype=np.float64)
    deviation = np.sqrt(np.asarray(norm.moving_variance, dtype=np.float64) + norm.epsilon)
    scale = (np.asarray(norm.gamma, dtype=np.float64) if norm.scale else 1.0) / deviation
    shift = np.asarray(norm.beta, dtype=np.float64) if norm.center else 0.0
    # A depthwise kernel is (rows, columns, channels, multiplier), its outputs channel by channel.
    factor = scale.reshape(kernel.shape[2:]) if _is_depthwise(layer) else scale
    return [
        (kernel * factor).astype(np.float32),
        (shift + (bias - mean) * scale).astype(np.float32),
    ]
