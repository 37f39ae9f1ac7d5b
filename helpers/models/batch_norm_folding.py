"""Fold batch normalisations into the convolutions before them.

In inference a batch normalisation multiplies each channel by a constant and adds another, and so
does a convolution's weights and bias. Done once before an export, there is one operation less at
each place, and converters that know only some patterns have nothing left to miss [1]_.

References
----------
.. [1] Jacob et al., "Quantization and training of neural networks for efficient
   integer-arithmetic-only inference", CVPR 2018, section 3.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def _pairs(model: Any) -> dict[str, Any]:
    """The batch normalisation to fold into each convolution, by the convolution's name."""
    from keras import layers

    found = {}
    for layer in model.layers:
        if not isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
            continue
        nodes = layer._outbound_nodes
        if len(nodes) != 1 or len(layer._inbound_nodes) != 1:
            continue
        following = nodes[0].operation
        if (
            isinstance(following, layers.BatchNormalization)
            and following.axis in (-1, 3)
            and layer.activation.__name__ == "linear"
            and len(following._inbound_nodes) == 1
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
    depthwise = layer.__class__.__name__ == "DepthwiseConv2D"
    factor = scale.reshape(kernel.shape[2:]) if depthwise else scale
    return [
        (kernel * factor).astype(np.float32),
        (shift + (bias - mean) * scale).astype(np.float32),
    ]
