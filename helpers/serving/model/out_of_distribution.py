"""Is this dermoscopy at all? A distance from the features of pictures that a model knows.

A classifier names one of its classes whatever it is shown. The gate looks at the variations of its
last feature maps, how unevenly each lies over the picture, and asks how far their pattern is from
that of validation images: within the directions in which these vary most, in standard deviations,
and across them. Means over the places, which the head is given, tell less: training draws those of
all pictures, strange ones too, towards the few patterns that tell the classes apart. The variations
are brought to length 1 first: pictures of little contrast have small ones, in a pattern that is
theirs.

How to compute it elsewhere, for instance in a page, from the gate's arrays and the standard
deviation x of each of d feature maps over its places::

    length = square root of (sum over i of x[i] * x[i])     0 counts as 1
    y[i] = (x[i] / length - mean[i]) / scale[i]             d numbers
    z[j] = sum over i of directions[j][i] * y[i]            k numbers, k <= 64
    inside = sum over j of z[j] * z[j] / variances[j]
    across = (sum over i of y[i] * y[i] - sum over j of z[j] * z[j]) / residual
    score = (inside + across) / d
    refuse where score > threshold
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers.core import BROKEN_MEMBER, ConfigError, atomic_file

MAX_DIRECTIONS = 64
N_DIRECTIONS = 64
QUANTILE = 0.965
FLOOR = 0.1
"""What is added to each feature's variance, in mean variances of all."""
_FOLDS = 5
_FORMAT = 2
_ARRAYS = ("mean", "scale", "directions", "variances")
_NUMBERS = ("residual", "threshold", "quantile")


@dataclass(frozen=True, eq=False)
class Gate:
    """What tells pictures that a model was not made for.

    Attributes
    ----------
    mean, scale : ndarray of shape (d,)
        Of the features of validation images; a feature that never varies has the scale 1.
    directions : ndarray of shape (k, d)
        Unit vectors at right angles, in which the scaled features vary most.
    variances : ndarray of shape (k,)
        Of the scaled features in these directions.
    residual : float
        Mean variance of all other directions.
    threshold : float
        A picture with a score above is refused.
    quantile : float
        Share of validation images with a score up to the threshold, each scored by a gate that
        was fitted without it.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    directions: NDArray[np.float64]
    variances: NDArray[np.float64]
    residual: float
    threshold: float
    quantile: float

    def score(self, features: ArrayLike) -> NDArray[np.float64]:
        """Distance from what is known, about 1 on average for validation images.

        Parameters
        ----------
        features : array-like of shape (n_samples, d)
            Variations, such as `ServedModel.variations` gives.

        Returns
        -------
        ndarray of shape (n_samples,)
            Infinite where a feature is not finite.

        Raises
        ------
        ValueError
            If there are not d features.

        References
        ----------
        .. [1] Tipping and Bishop, "Probabilistic principal component analysis", J. R. Stat.
           Soc. B 61 (1999): the exponent of its density, halved and signed otherwise.
        .. [2] Lee et al., "A simple unified framework for detecting out-of-distribution samples
           and adversarial attacks", NeurIPS 2018.
        """
        values = np.asarray(features, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.mean):
            raise ValueError(
                f"expected features of shape (n_samples, {len(self.mean)}) but got "
                f"{values.shape}; use the gate with the model that it was fitted for"
            )
        finite: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1))
        y = (_of_length_one(np.where(finite[:, None], values, 0.0)) - self.mean) / self.scale
        z = y @ self.directions.T
        inside = (z**2 / self.variances).sum(axis=1)
        across = ((y**2).sum(axis=1) - (z**2).sum(axis=1)) / self.residual
        return np.where(finite, (inside + across) / len(self.mean), np.inf)

    def accepts(self, features: ArrayLike) -> NDArray[np.bool_]:
        """Whether each picture may be answered, of shape (n_samples,)."""
        return np.asarray(self.score(features) <= self.threshold)

    def save(self, path: str | Path) -> None:
        """Write the gate as ``.npz``, atomically, in single precision."""
        values: dict[str, Any] = {"format": np.int64(_FORMAT)}
        values |= {name: getattr(self, name).astype(np.float32) for name in _ARRAYS}
        values |= {name: np.float64(getattr(self, name)) for name in _NUMBERS}
        with atomic_file(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **values)


def load_gate(path: str | Path) -> Gate:
    """Read a gate; nothing in the file is ever unpickled.

    Raises
    ------
    ConfigError
        If the file is missing, damaged, or no gate.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            if int(stored["format"]) != _FORMAT:
                raise ValueError(f"format {int(stored['format'])}")
            values = {name: stored[name].astype(np.float64) for name in (*_ARRAYS, *_NUMBERS)}
    except (OSError, ValueError, KeyError, TypeError, *BROKEN_MEMBER) as error:
        raise ConfigError(
            f"{path}: expected the gate of a model but got: {error}; take the file from where the "
            "model was made"
        ) from error
    arrays = {name: values[name] for name in _ARRAYS}
    numbers = {name: float(values[name]) for name in _NUMBERS if values[name].ndim == 0}
    d, k = arrays["mean"].size, arrays["variances"].size
    shapes = {"mean": (d,), "scale": (d,), "directions": (k, d), "variances": (k,)}
    whole = len(numbers) == 3 and all(arrays[name].shape == shapes[name] for name in shapes)
    if not whole or not _usable(arrays, numbers["residual"]):
        raise ConfigError(
            f"{path}: expected a gate whose arrays fit each other and are finite but got others; "
            "take the file from where the model was made"
        )
    return Gate(*(arrays[name] for name in _ARRAYS), *(numbers[name] for name in _NUMBERS))


def _usable(arrays: dict[str, NDArray[np.float64]], residual: float) -> bool:
    finite = all(np.isfinite(array).all() for array in arrays.values())
    positive = all((arrays[name] > 0).all() for name in ("scale", "variances"))
    return finite and positive and residual > 0


def fit_gate(
    features: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    n_directions: int = N_DIRECTIONS,
    quantile: float = QUANTILE,
) -> Gate:
    """Learn what a model's pictures look like, from features of validation images.

    Parameters
    ----------
    features : array-like of shape (n_samples, d)
        Pooled features of pictures that the model was not trained on, 10 at least. Those of
        training images are too much alike.
    groups : array-like of shape (n_samples,), optional
        Lesion of each picture: those of one lesion are never on both sides when the threshold
        is chosen.
    n_directions : int, default=64
        Directions that are told apart, 64 at most; fewer where there are few pictures.
    quantile : float, default=0.965
        Share of validation pictures that are to be accepted.

    Returns
    -------
    Gate
        Fitted on all pictures; its threshold comes from scores that each fifth of them gets from
        a gate of the other four.

    Raises
    ------
    ValueError
        If there are too few pictures, a feature is not finite, or a number is out of range.
    """
    values = np.asarray(features, dtype=np.float64)
    if values.ndim != 2 or len(values) < 2 * _FOLDS or not np.isfinite(values).all():
        raise ValueError(
            f"expected finite features of at least {2 * _FOLDS} pictures, shape (n_samples, d), "
            f"but got {values.shape}; use the validation split"
        )
    if not 1 <= n_directions <= MAX_DIRECTIONS or not 0 < quantile < 1:
        raise ValueError(
            f"expected 1 to {MAX_DIRECTIONS} directions and a quantile between 0 and 1 but got "
            f"{n_directions} and {quantile}"
        )
    if not values.any():
        raise ValueError(
            "expected variations of feature maps but all are 0: the maps have one place each; "
            "take a model of larger pictures, or none for a gate"
        )
    labels = np.arange(len(values)) if groups is None else np.asarray(groups)
    if labels.shape != (len(values),):
        raise ValueError(
            f"expected a group for each of {len(values)} pictures but got {labels.shape}"
        )
    _, group = np.unique(labels, return_inverse=True)
    order = np.random.default_rng(0).permutation(group.max() + 1)
    fold = order[group] % _FOLDS
    if len(np.unique(fold)) < _FOLDS:
        raise ValueError(f"expected at least {_FOLDS} lesions but got {len(order)}")
    held_out = np.empty(len(values))
    for number in range(_FOLDS):
        out = fold == number
        held_out[out] = _fit(values[~out], n_directions).score(values[out])
    threshold = float(np.quantile(held_out, quantile))
    return replace(_fit(values, n_directions), threshold=threshold, quantile=quantile)


def _of_length_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1.0)


def _fit(values: NDArray[np.float64], n_directions: int) -> Gate:
    from scipy.sparse.linalg import svds

    patterns = _of_length_one(values)
    mean, spread = patterns.mean(axis=0), patterns.var(axis=0)
    # A feature that is almost always 0 has hardly any spread; it may not decide alone.
    floor = FLOOR * float(spread.mean())
    scale = np.sqrt(spread + (floor if floor > 0 else 1.0))
    y = (patterns - mean) / scale
    n, d = y.shape
    k = min(n_directions, n // 4, d - 1)
    start = np.random.default_rng(0).normal(size=min(n, d))  # the same gate every time
    _, found, rows = svds(y, k=k, v0=start)
    order = np.argsort(found)[::-1]
    variances = found[order] ** 2 / (n - 1)
    residual = max((float((y**2).sum()) / (n - 1) - float(variances.sum())) / (d - k), 1e-9)
    return Gate(mean, scale, rows[order], np.maximum(variances, 1e-9), residual, np.inf, 1.0)
