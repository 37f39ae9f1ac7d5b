"""Temperature scaling: one number that makes a network's confidence honest."""

from __future__ import annotations

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
