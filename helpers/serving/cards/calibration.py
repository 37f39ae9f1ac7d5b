"""Two numbers that make a network honest: of its confidence, and of how frequent classes are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.evaluation import PROBABILITY_FLOOR

BOUNDS = (0.05, 20.0)
"""Temperatures that are looked at; a model that is right on every image gets the lower one."""


def apply_temperature(y_prob: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Soften (above 1) or sharpen (below 1) probabilities; their order stays.

    Parameters
    ----------
    y_prob : array-like of shape (n_samples, n_classes)
        Probabilities in [0, 1].
    temperature : float
        Greater than 0.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), float64
        ``softmax(log(max(y_prob, 1e-12)) / temperature)``; each row sums to 1. For a single
        prediction this is the softmax of logits divided by the temperature [1]_.

    Raises
    ------
    ValueError
        If the temperature or a probability is out of range.

    References
    ----------
    .. [1] Guo et al., "On calibration of modern neural networks", ICML 2017, section 4.2.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"expected a temperature above 0 but got {temperature}; 1 changes nothing")
    scaled = _log(y_prob) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    scaled = np.exp(scaled)
    return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))


def log_loss(y_true: ArrayLike, y_prob: ArrayLike) -> float:
    """Mean negative log-likelihood of the true classes, in nats.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Class indices.
    y_prob : array-like of shape (n_samples, n_classes)
        Probabilities.
    """
    y = np.asarray(y_true, dtype=np.intp)
    return float(-_log(y_prob)[np.arange(len(y)), y].mean())


def fit_temperature(y_true: ArrayLike, y_prob: ArrayLike) -> float:
    """Find the temperature that makes the true classes most likely.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Class indices in ``range(n_classes)`` of validation images. The test split's would make
        its calibration error a promise that nobody has checked.
    y_prob : array-like of shape (n_samples, n_classes)
        What the model gives them; of several views, their mean.

    Returns
    -------
    float
        In `BOUNDS`.

    Raises
    ------
    ValueError
        If there are no images, the two disagree in their number, or a value is out of range.

    Notes
    -----
    The loss is convex in ``1 / temperature``, so that a bounded search finds its one minimum.

    References
    ----------
    .. [1] Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    from scipy.optimize import minimize_scalar

    y = np.asarray(y_true, dtype=np.intp)
    logs = _log(y_prob)
    if y.ndim != 1 or len(y) != len(logs) or not len(y):
        raise ValueError(
            f"expected a class for each of {len(logs)} rows, at least one, got {y.shape}; pass "
            "the truth and the probabilities of the same images"
        )
    if y.min() < 0 or y.max() >= logs.shape[1]:
        raise ValueError(
            f"expected classes in 0 to {logs.shape[1] - 1}, got {y.min()} to {y.max()}; pass "
            "indices of the columns"
        )
    rows = np.arange(len(y))

    def loss(inverse: float) -> float:
        scaled = logs * inverse
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((total - scaled[rows, y]).mean())

    bounds = (1 / BOUNDS[1], 1 / BOUNDS[0])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    # The search never tries the ends themselves.
    best = min((float(found.x), *bounds), key=loss)
    return float(np.clip(1 / best, *BOUNDS))


def weigh_classes(y_prob: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """Have some classes count more than others.

    Parameters
    ----------
    y_prob : array-like of shape (n_samples, n_classes)
        Probabilities; each row sums to 1.
    weights : array-like of shape (n_classes,)
        Above 0, in any unit.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), float64
        ``y_prob * weights``, each row brought to the sum 1. Where a training has taken the
        frequencies of the classes out, as logit adjustment does, these weights put them back [1]_.

    References
    ----------
    .. [1] Saerens, Latinne & Decaestecker, "Adjusting the outputs of a classifier to new a
       priori probabilities", Neural Computation 14 (2002), equation 2.4.

    Examples
    --------
    >>> weigh_classes([[0.5, 0.5]], [1, 4]).round(3).tolist()
    [[0.2, 0.8]]
    """
    weighed = np.asarray(y_prob, dtype=float) * np.asarray(weights, dtype=float)
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def fit_weights(
    is_one: ArrayLike, y_prob: ArrayLike, frequencies: ArrayLike, places: Sequence[int]
) -> NDArray[np.float64]:
    """Find how far the frequencies of classes have to be put back for one group of them.

    Parameters
    ----------
    is_one : array-like of bool of shape (n_samples,)
        Whether an image's class is of the group, of validation images.
    y_prob : array-like of shape (n_samples, n_classes)
        Their calibrated probabilities.
    frequencies : array-like of shape (n_classes,)
        Of the classes in training, above 0.
    places : sequence of int
        Columns of the group.

    Returns
    -------
    ndarray of shape (n_classes,), float64
        ``frequencies ** power``, with the power in [0, 1] that makes it most likely which images
        are of the group (cross-entropy of two kinds); the largest weight is 1.

    Raises
    ------
    ValueError
        If a frequency is not above 0.
    """
    from scipy.optimize import minimize_scalar

    share = np.asarray(frequencies, dtype=float)
    if not (np.isfinite(share) & (share > 0)).all():
        raise ValueError(f"expected frequencies above 0 but got {share.tolist()}")
    found, one = np.asarray(y_prob, dtype=float), np.asarray(is_one, dtype=bool)

    def loss(power: float) -> float:
        p = weigh_classes(found, share**power)[:, list(places)].sum(axis=1)
        return log_loss(one, np.stack([1 - p, p], axis=1).clip(0, 1))

    searched = minimize_scalar(loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-4})
    power = min((0.0, float(searched.x), 1.0), key=loss)  # the search never tries the ends
    weights = share**power
    return np.asarray(weights / weights.max())


def _log(y_prob: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(y_prob, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(
            f"expected probabilities of shape (n_samples, n_classes) but got {values.shape}; pass "
            "a row an image"
        )
    if not ((values >= 0) & (values <= 1 + 1e-6)).all():  # NaN fails too
        raise ValueError(
            "expected probabilities in [0, 1] without NaN but got others; apply softmax to logits"
        )
    return np.asarray(np.log(np.maximum(values, PROBABILITY_FLOOR)))
