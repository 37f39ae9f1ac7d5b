"""Comparisons of models on the same images, each tested, and all of them held together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

import numpy as np
import pandas as pd

from helpers.evaluation.comparison import align
from helpers.evaluation.metrics import Array, Scored
from helpers.evaluation.scoring import BootstrapOptions, known_score
from helpers.statistics import (
    LEVEL,
    N_RESAMPLES,
    Estimate,
    McNemar,
    Resampling,
    difference,
    holm,
    mcnemar,
    percentile_interval,
    resampled_p,
)

PAIRED_COLUMNS = (
    "comparison", "difference", "p", "p by Holm", "verdict",
    "first only", "second only", "McNemar", "method", "McNemar by Holm",
)  # fmt: skip


def compare_and_test(
    predictions: pd.DataFrame,
    other: pd.DataFrame,
    name: str = "balanced_accuracy",
    **options: Unpack[BootstrapOptions],
) -> tuple[Estimate, float]:
    """Difference of a score between two models on the same images, and its p value.

    Parameters
    ----------
    predictions, other : DataFrame
        Predictions of one split by two models; their rows may be in different orders.
    name : str, default="balanced_accuracy"
        A key of ``SCORES``.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    difference : Estimate
        That of `helpers.evaluation.compare`.
    p : float
        Two-sided, of no difference, from the same resamples of lesions; see
        `helpers.statistics.resampled_p`. 1 where the two models give the same score in every
        resample.

    Raises
    ------
    ValueError
        If the name is unknown or the two tables do not hold the same images and lesions.
    """
    score = known_score(name)
    first, second = align(predictions, other)

    def gap(weights: Array) -> Array:
        return score.function(first, weights) - score.function(second, weights)

    resampling = Resampling(
        first.lesion,
        first.lesion_class,
        options.get("n_resamples", N_RESAMPLES),
        options.get("random_state", 0),
    )
    with np.errstate(invalid="ignore", divide="ignore"):  # an undefined score is NaN on purpose
        value = float(gap(np.ones((1, first.n_images)))[0])
        resampled = np.concatenate([gap(weights) for weights in resampling.chunks()])
    low, high = percentile_interval(resampled, value, options.get("level", LEVEL))
    return Estimate(value, low, high, first.n_images, n_groups=first.n_lesions), resampled_p(
        resampled
    )


def lesion_calls(scored: Scored) -> Array:
    """Whether each lesion is right by the mean of its images' probabilities.

    Parameters
    ----------
    scored : Scored
        Checked predictions.

    Returns
    -------
    ndarray of bool of shape (n_lesions,)
    """
    summed = np.zeros((scored.n_lesions, scored.y_prob.shape[1]))
    np.add.at(summed, scored.lesion, scored.y_prob)
    return np.asarray(summed.argmax(axis=1) == scored.lesion_class)


def mcnemar_by_lesion(predictions: pd.DataFrame, other: pd.DataFrame) -> McNemar:
    """McNemar's test of two models, a lesion counted once.

    Parameters
    ----------
    predictions, other : DataFrame
        Predictions of one split by two models.

    Returns
    -------
    McNemar
        The test takes its cases as independent. Images of a lesion are not, so that a lesion's
        probabilities are averaged and it is right or wrong as one.

    Raises
    ------
    ValueError
        If the two tables do not hold the same images and lesions.
    """
    first, second = align(predictions, other)
    return mcnemar(lesion_calls(first), lesion_calls(second))


def paired_tests(
    pairs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    name: str = "balanced_accuracy",
    **options: Unpack[BootstrapOptions],
) -> pd.DataFrame:
    """All comparisons of a chapter in one table, adjusted for their number.

    Parameters
    ----------
    pairs : mapping of str to tuple of two DataFrame
        Predictions of two models on the same images, by what the comparison is called.
    name : str, default="balanced_accuracy"
        A key of ``SCORES``.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    DataFrame
        `PAIRED_COLUMNS`; a row a comparison. ``difference`` (`Estimate`, first minus second, its
        interval for itself alone), ``p`` of the same resamples, ``p by Holm``, and the
        ``verdict`` that this allows at the level: "higher", "lower" or "no difference shown".
        Then McNemar's test of being right at all, a lesion counted once: lesions that only the
        first or only the second has right, its p value, how it was computed, and by Holm.
    """
    level = options.get("level", LEVEL)
    rows: list[dict[str, Any]] = []
    for title, (first, second) in pairs.items():
        estimate, p = compare_and_test(first, second, name, **options)
        test = mcnemar_by_lesion(first, second)
        rows.append(
            {
                "comparison": title,
                "difference": estimate,
                "p": p,
                "first only": test.first_only,
                "second only": test.second_only,
                "McNemar": test.p,
                "method": test.method,
            }
        )
    table = pd.DataFrame(rows, columns=list(PAIRED_COLUMNS))
    table["p by Holm"] = holm(table["p"].to_numpy(dtype=float))
    table["McNemar by Holm"] = holm(table["McNemar"].to_numpy(dtype=float))
    shown = table["p by Holm"] < 1 - level
    words = [difference(estimate) for estimate in table["difference"]]
    table["verdict"] = [
        word if claimed else "no difference shown"
        for word, claimed in zip(words, shown, strict=True)
    ]
    return table
