"""Models beside each other: differences and tables of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Unpack

import numpy as np
import pandas as pd

from helpers.intervals import Estimate
from helpers.metrics import Array, Scored, check_predictions
from helpers.scoring import SCORES, BootstrapOptions, Score, estimate_scores, known_score, scores


def compare(
    predictions: pd.DataFrame,
    other: pd.DataFrame,
    name: str = "balanced_accuracy",
    **options: Unpack[BootstrapOptions],
) -> Estimate:
    """Difference of a score between two models on the same images.

    Parameters
    ----------
    predictions, other : DataFrame
        Predictions of one split by two models; their rows may be in different orders.
    name : str, default="balanced_accuracy"
        A key of ``SCORES``.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
        Score of ``predictions`` minus score of ``other``, in [-1, 1]. Both are computed in each
        resample, so what the two share cancels: the interval may exclude 0 where the separate
        intervals overlap.

    Raises
    ------
    ValueError
        If the name is unknown or the two tables do not hold the same images and lesions.
    """
    score = known_score(name)
    first = check_predictions(predictions)
    check_predictions(other)
    if len(other) != first.n_images or set(other["image_id"]) != set(first.image_id):
        n_shared = len(set(other["image_id"]) & set(first.image_id))
        raise ValueError(
            f"expected the same images from both models but got {first.n_images} and "
            f"{len(other)}, {n_shared} shared; compare predictions of one split"
        )
    rows = pd.Index(other["image_id"]).get_indexer(pd.Index(first.image_id))
    second = check_predictions(other.iloc[rows])
    if not (
        np.array_equal(first.y_true, second.y_true) and np.array_equal(first.lesion, second.lesion)
    ):
        raise ValueError(
            "expected the same dx and lesion_id for each image but the two tables disagree; "
            "predict both from one catalogue"
        )

    def difference(_: Scored, weights: Array) -> Array:
        return score.function(first, weights) - score.function(second, weights)

    chosen = Score(f"{score.label}, difference", difference, "difference")
    return estimate_scores(first, {name: chosen}, **options)[name]


def unpaired_difference(first: Estimate, second: Estimate) -> Estimate:
    """Difference of two scores that come from different images.

    Parameters
    ----------
    first, second : Estimate
        With intervals of the same level, from samples that do not depend on each other. Where
        they share a part of their images the interval is too wide if anything: what is shared
        makes both scores higher or lower together.

    Returns
    -------
    Estimate
        First minus second. Its interval combines the distances from each value to its own ends;
        NaN where one of them has no interval. ``n`` counts the images of both.

    References
    ----------
    .. [1] Newcombe, "Interval estimation for the difference between independent proportions:
       comparison of eleven methods", Statistics in Medicine 17 (1998), method 10.
    .. [2] Zou and Donner, "Construction of confidence limits about effect measures: a general
       approach", Statistics in Medicine 27 (2008), for estimates of any kind.

    Examples
    --------
    >>> from helpers.intervals import wilson
    >>> print(format(unpaired_difference(wilson(56, 70), wilson(48, 80)), ".4f"))
    0.2000 [0.0524, 0.3339], n = 150
    """
    value = first.value - second.value
    low = value - hypot(first.value - first.low, second.high - second.value)
    high = value + hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, low, high, first.n + second.n)


def score_table(
    predictions_by_model: Mapping[str, pd.DataFrame],
    names: Sequence[str] = ("accuracy", "balanced_accuracy", "macro_f1"),
    **options: Unpack[BootstrapOptions],
) -> pd.DataFrame:
    """Scores of several models as a tidy table.

    Parameters
    ----------
    predictions_by_model : mapping of str to DataFrame
        Predictions of one split by each model.
    names : sequence of str
        Keys of ``SCORES``.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    DataFrame
        Columns ``model, score, label, value, low, high, n``; a row a model and score.
    """
    rows = []
    for model, predictions in predictions_by_model.items():
        for name, estimate in scores(predictions, names, **options).items():
            rows.append(
                {"model": model, "score": name, "label": SCORES[name].label, **estimate.as_dict()}
            )
    columns = ["model", "score", "label", "value", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)
