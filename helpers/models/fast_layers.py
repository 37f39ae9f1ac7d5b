"""Layers of Keras by quicker operations, for trainings that compute with TensorFlow.

Keras writes a batch normalisation out: mean, squared difference, reciprocal root and products, a
dozen operations and three dozen more in their gradients. A step takes little longer for it, but
TensorFlow traces and optimises twice the graph, and for InceptionResNetV2 that is the time of ten
steps. What there is to convolutions is in `helpers.models.fast_convolutions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from helpers.models.fast_convolutions import fast_convolutions
from helpers.models.overriding import Way, overridden


@contextmanager
def fast_layers() -> Iterator[None]:
    """Within, steps that are traced compute by quicker operations.

    What they compute, and what running statistics become, is what Keras computes. Left to Keras
    are other backends, inputs other than float32 with the channels last, what does not learn, and
    convolutions on a GPU or for which nothing quicker is known.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    ways: list[Way] = [(keras.layers.BatchNormalization, _fits_fused, _learn)]
    if not tf.config.list_physical_devices("GPU"):
        ways += fast_convolutions()
    with overridden(ways):
        yield


def _fits_fused(layer: Any, x: Any, training: Any = None, mask: Any = None) -> bool:
    plain = len(x.shape) == 4 and layer.axis in (-1, 3) and not layer.renorm
    learns = x.dtype == "float32" and layer.trainable and training is True
    return bool(learns and mask is None and plain)


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
    share = 1 - n_channels / tf.cast(tf.size(x), tf.float32)
    moves = ((layer.moving_mean, mean), (layer.moving_variance, variance * share))
    for running, found in moves:
        running.value.assign_sub((1 - layer.momentum) * (running.value - found))
    return y
