"""One class weighed more and more in the loss, beside a threshold that is moved afterwards.

A weight of w on one class makes its images count w times. The probabilities that then minimise
the cross-entropy have the odds of that class multiplied by w [1]_, and that can be done without
any training: multiply them afterwards, and name the most probable class.

References
----------
.. [1] Elkan, "The foundations of cost-sensitive learning", IJCAI 2001, theorem 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASS_INDEX, CLASSES
from helpers.evaluation import (
    Array,
    BootstrapOptions,
    Score,
    Scored,
    align,
    check_predictions,
    compare,
    estimate_scores,
    metrics,
    per_class,
    scores,
)
from helpers.statistics import Estimate
from helpers.training import TrialConfig

_COLUMNS = [f"p_{dx}" for dx in CLASSES]
_LEAST = 1e-12
_JUST_ABOVE = 1 + 1e-6
_OF_CLASS = {"recall": metrics.class_recall, "precision": metrics.class_precision}


def weight_of(config: TrialConfig, dx: str) -> float:
    """Weight of a class whose weight alone differs from 1.

    Raises
    ------
    ValueError
        If the configuration weighs other classes too.
    """
    weights = {} if config.class_weight == "none" else config.class_weight
    if isinstance(weights, str) or any(w != 1 for name, w in weights.items() if name != dx):
        raise ValueError(
            f"{config.name}: expected class_weight none or of {dx} alone but got {weights}; "
            "change the profile"
        )
    return float(weights.get(dx, 1.0))


def shift_odds(predictions: pd.DataFrame, dx: str, factor: float) -> pd.DataFrame:
    """Predictions with the odds of one class multiplied.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    dx : str
        The class.
    factor : float
        At least 0; above 1 the class is named more often.

    Returns
    -------
    DataFrame
        A copy whose probabilities sum to 1 in each row.

    Examples
    --------
    A probability of 0.25 has odds of 1 to 3; three times that are even odds:

    >>> row = {f"p_{dx}": [0.0] for dx in CLASSES} | {"p_mel": [0.25], "p_nv": [0.75]}
    >>> shift_odds(pd.DataFrame(row), "mel", 3.0)[["p_mel", "p_nv"]].values.tolist()
    [[0.5, 0.5]]
    """
    y_prob = predictions[_COLUMNS].to_numpy(dtype=float).clip(_LEAST, 1)
    y_prob[:, CLASS_INDEX[dx]] *= factor
    shifted = predictions.copy()
    shifted[_COLUMNS] = (y_prob / y_prob.sum(axis=1, keepdims=True)).round(15)
    return shifted


def factor_for_recall(predictions: pd.DataFrame, dx: str, hits: int) -> float:
    """The smallest factor on the odds of a class that finds so many of its images.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    dx : str
        The class.
    hits : int
        Images of the class to be called by its name, at most all of them.

    Returns
    -------
    float
        For `shift_odds`; 0 for no image.
    """
    if hits == 0:
        return 0.0
    needed = np.sort(_factors(predictions, dx)[(predictions["dx"] == dx).to_numpy()])
    return float(needed[hits - 1] * _JUST_ABOVE)


def _factors(predictions: pd.DataFrame, dx: str) -> NDArray[np.float64]:
    """What the odds of a class are multiplied by before an image is called by its name."""
    y_prob = predictions[_COLUMNS].to_numpy(dtype=float).clip(_LEAST, 1)
    others = np.delete(y_prob, CLASS_INDEX[dx], axis=1).max(axis=1)
    return np.asarray(others / y_prob[:, CLASS_INDEX[dx]])


def weight_costs(
    predictions: Mapping[float, pd.DataFrame], dx: str, **options: Unpack[BootstrapOptions]
) -> pd.DataFrame:
    """What a class gains by its weight in the loss, and what that costs.

    Parameters
    ----------
    predictions : mapping of float to DataFrame
        Predictions of one split by the class's weight; that of weight 1 is what the others are
        compared with.
    dx : str
        The class.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    DataFrame of Estimate
        Indexed by ``weight``, upwards: ``recall`` and ``precision`` of the class (Wilson over
        lesions; precision NaN where the class is never named), ``accuracy`` of all images, and
        ``recall change``, ``precision change`` and ``accuracy change``, paired differences from
        weight 1.
    """
    plain = predictions[1.0]
    rows = {}
    for weight in sorted(predictions):
        table = predictions[weight]
        of_class = per_class(table, n_resamples=2).T[dx]
        rows[weight] = {
            "recall": _wilson(of_class, "recall", "support"),
            "precision": _wilson(of_class, "precision", "predicted"),
            "accuracy": scores(table, ["accuracy"], **options)["accuracy"],
            **{
                f"{name} change": class_difference(table, plain, dx, name, **options)
                for name in _OF_CLASS
            },
            "accuracy change": compare(table, plain, "accuracy", **options),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("weight")


def _wilson(of_class: pd.Series, name: str, n: str) -> Estimate:
    value, low, high = (float(of_class[key]) for key in (name, f"{name}_low", f"{name}_high"))
    return Estimate(value, low, high, int(of_class[n]))


def class_difference(
    predictions: pd.DataFrame,
    other: pd.DataFrame,
    dx: str,
    name: str,
    **options: Unpack[BootstrapOptions],
) -> Estimate:
    """Difference of one class's recall or precision between two models on the same images.

    Parameters
    ----------
    predictions, other : DataFrame
        Predictions of one split by two models.
    dx : str
        The class.
    name : {"recall", "precision"}
        Precision is 0 in a resample in which the class is never named.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    Estimate
        Of ``predictions`` minus that of ``other``, in [-1, 1], with its paired interval.
    """
    first, second = align(predictions, other)
    index, function = CLASS_INDEX[dx], _OF_CLASS[name]

    def change(_: Scored, weights: Array) -> Array:
        of_first, of_second = (
            function(metrics.weighted_confusions(scored, weights))[:, index]
            for scored in (first, second)
        )
        return of_first - of_second

    chosen = Score(f"{name} of {dx}, difference", change, "difference")
    return estimate_scores(first, {name: chosen}, **options)[name]


def threshold_costs(
    predictions: Mapping[float, pd.DataFrame], dx: str, **options: Unpack[BootstrapOptions]
) -> pd.DataFrame:
    """Each weighted model beside the unweighted one whose threshold finds as many of the class.

    Parameters
    ----------
    predictions : mapping of float to DataFrame
        As for `weight_costs`.
    dx : str
        The class.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    DataFrame
        Indexed by ``weight``, without 1: ``factor``, by which the odds of the class are multiplied
        after the unweighted training so that at least as many of its images are found;
        ``precision`` and ``accuracy``, `Estimate` of the paired differences, weighted minus moved.
        The factor is chosen on the images that are compared, which favours the threshold a little.
    """
    plain, index = predictions[1.0], CLASS_INDEX[dx]
    rows: dict[float, dict[str, Any]] = {}
    for weight in sorted(weight for weight in predictions if weight != 1):
        weighted = predictions[weight]
        scored = check_predictions(weighted)
        hits = int(((scored.y_true == index) & (scored.y_pred == index)).sum())
        factor = factor_for_recall(plain, dx, hits)
        moved = shift_odds(plain, dx, factor)
        found = {
            "precision": class_difference(weighted, moved, dx, "precision", **options),
            "accuracy": compare(weighted, moved, "accuracy", **options),
        }
        rows[weight] = {"factor": factor, **found}
    columns = ["factor", "precision", "accuracy"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("weight")


def threshold_curve(predictions: pd.DataFrame, dx: str) -> pd.DataFrame:
    """Recall and precision of a class for every threshold that names other images by it.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    dx : str
        The class; a factor on its odds is what is moved.

    Returns
    -------
    DataFrame of float
        A row a factor at which one more image is named: ``factor``, ``recall`` and ``precision``.
    """
    factors = _factors(predictions, dx)
    order = np.argsort(factors, kind="stable")
    of_class = (predictions["dx"] == dx).to_numpy()[order]
    hits, named = np.cumsum(of_class), np.arange(1, len(order) + 1)
    ordered = factors[order]
    # Images of equal factors are named together; rounding makes no two of one.
    last = np.r_[ordered[1:] > ordered[:-1] * _JUST_ABOVE, True]
    table = {"factor": ordered, "recall": hits / of_class.sum(), "precision": hits / named}
    return pd.DataFrame(table)[last].reset_index(drop=True)
