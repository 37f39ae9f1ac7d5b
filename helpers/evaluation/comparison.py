"""Models beside each other on the same images: differences and tables of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import numpy as np
import pandas as pd

from helpers.evaluation.metrics import Array, Scored, check_predictions
from helpers.evaluation.scoring import (
    SCORES,
    BootstrapOptions,
    Score,
    estimate_scores,
    known_score,
    scores,
)
from helpers.statistics import Estimate


def align(predictions: pd.DataFrame, other: pd.DataFrame) -> tuple[Scored, Scored]:
    """Check two models' predictions of one split and bring their rows into one order.

    Parameters
    ----------
    predictions, other : DataFrame
        Their rows may be in different orders.

    Returns
    -------
    first, second : Scored
        Row by row of the same image, in the order of ``predictions``.

    Raises
    ------
    ValueError
        If the two tables do not hold the same images and lesions.
    """
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
    return first, second


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
    first, second = align(predictions, other)

    def difference(_: Scored, weights: Array) -> Array:
        return score.function(first, weights) - score.function(second, weights)

    chosen = Score(f"{score.label}, difference", difference, "difference")
    return estimate_scores(first, {name: chosen}, **options)[name]


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
