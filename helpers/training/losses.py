"""Losses that a training can minimise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.training.configuration import TrialConfig


def make_loss(config: TrialConfig, y: NDArray[np.intp]) -> Any:
    """The loss of a configuration.

    Parameters
    ----------
    config : TrialConfig
        Its `loss`, `focal_gamma`, `focal_alpha` and `logit_adjustment`.
    y : ndarray of shape (n_train,)
        Class indices of the training images, whose frequencies a logit adjustment pays for.

    Returns
    -------
    keras.losses.Loss
        Of one-hot classes and probabilities, both of shape (n_samples, n_classes): the mean
        over samples of -log(p), or of -alpha (1 - p) ** gamma log(p), where p is the
        probability of the true class.

    Notes
    -----
    Gamma makes images that the model is sure of count less. At 0 the focal loss is alpha times
    the cross-entropy as long as p is above Keras' epsilon, 1e-7. Below it the two part: Keras
    computes the focal loss from probabilities clipped to [epsilon, 1 - epsilon], so that it is at
    most alpha times 16.1, and the gradient of an image beyond that is 0, whatever gamma is: an
    image that is so wrong teaches nothing. Under TensorFlow the cross-entropy is computed from
    what goes into the softmax instead; it keeps rising, and its gradient stays whole. (Under JAX
    and torch Keras clips the cross-entropy as well.)

    Here alpha is one number for all classes: it scales the loss, and an optimiser that divides by
    the size of its gradients, as Adam does, hardly notices. In the binary form of [1]_ it weighs
    the positive class; with more classes that is the part of ``class_weight``.

    An adjustment of the logits by tau minimises -log(q), where q is proportional to the
    probability of the true class times its share of the training images to the power tau. The
    network then need not say what the frequencies say already: at 1 its own probabilities are
    those of a world where all classes are equally frequent [2]_. A class without images has the
    share of half an image. Here, too, a probability below epsilon counts as epsilon.

    References
    ----------
    .. [1] Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 5.
    .. [2] Menon et al., "Long-tail learning via logit adjustment", ICLR 2021, equation 10.
    """
    import keras

    if config.loss == "focal":
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=config.focal_alpha, gamma=config.focal_gamma
        )
    if not config.logit_adjustment:
        return keras.losses.CategoricalCrossentropy()
    counts = np.bincount(y, minlength=len(config.classes)).clip(0.5)
    shift = config.logit_adjustment * np.log(counts / counts.sum()).astype(np.float32)

    def adjusted(y_true: Any, y_prob: Any) -> Any:
        ops = keras.ops
        log_prob = ops.log(ops.clip(y_prob, keras.config.epsilon(), 1.0)) + shift
        return -ops.sum(y_true * ops.log_softmax(log_prob), axis=-1)

    return adjusted
