"""Screening models on the same images: paired differences, the choice of one, and calibration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.evaluation import Array, BootstrapOptions, weighted_auc
from helpers.screening.scores import Screened, check_screening, resampling_of
from helpers.statistics import LEVEL, Estimate, difference, percentile_interval, wilson
from helpers.training import Trial

_Score = Callable[[Screened, Array], Array]


def _auc(screened: Screened, weights: Array) -> Array:
    return weighted_auc(screened.p, screened.malignant.astype(float), weights)


def _brier(screened: Screened, weights: Array) -> Array:
    distance = (screened.p - screened.malignant) ** 2
    return np.asarray(weights @ distance / weights.sum(axis=1))


def _mean_probability(screened: Screened, weights: Array) -> Array:
    """Mean probability less the share of malignant images: 0 where calibrated on the whole."""
    return np.asarray(weights @ (screened.p - screened.malignant) / weights.sum(axis=1))


PAIRED: dict[str, _Score] = {"roc_auc": _auc, "brier": _brier, "excess": _mean_probability}
"""Scores that need no threshold: AUC, Brier score, mean probability less share of malignant."""


def compare_screening(
    predictions: pd.DataFrame,
    other: pd.DataFrame,
    name: str = "roc_auc",
    **options: Unpack[BootstrapOptions],
) -> Estimate:
    """Difference of a score between two models, or two readings of one, on the same images.

    Parameters
    ----------
    predictions, other : DataFrame
        Of one split; see `helpers.screening.scores.check_screening`. Their rows may be in different
        orders.
    name : {"roc_auc", "brier", "excess"}, default="roc_auc"
        A key of `PAIRED`.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scoring.scores`.

    Returns
    -------
    Estimate
        Score of ``predictions`` minus score of ``other``, both from the same resamples of
        lesions.

    Raises
    ------
    ValueError
        If the two do not hold the same images.
    """
    rows = pd.Index(other["image_id"]).get_indexer(pd.Index(predictions["image_id"]))
    if len(other) != len(predictions) or (rows < 0).any():
        raise ValueError(
            f"expected the same images from both models but got {len(predictions)} and "
            f"{len(other)}, {int((rows >= 0).sum())} shared; compare predictions of one split"
        )
    first, second = check_screening(predictions), check_screening(other.iloc[rows])

    def score(_: Screened, weights: Array) -> Array:
        return PAIRED[name](first, weights) - PAIRED[name](second, weights)

    return _estimate(first, score, options)


def calibration_scores(
    predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]
) -> dict[str, Estimate]:
    """Scores of the probabilities themselves.

    Parameters
    ----------
    predictions : DataFrame
        Of one split; see `helpers.screening.scores.check_screening`.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scoring.scores`.

    Returns
    -------
    dict of str to Estimate
        ``brier``, the mean squared distance of the probability of "malignant" from the truth, in
        [0, 1], and ``excess``, the mean probability less the share of malignant images: above 0
        where the model cries wolf, 0 where it is calibrated on the whole.

    References
    ----------
    .. [1] Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
       Review 78 (1950); here of one kind, half of the sum over both.
    """
    screened = check_screening(predictions)
    return {name: _estimate(screened, PAIRED[name], options) for name in ("brier", "excess")}


def _estimate(screened: Screened, score: _Score, options: BootstrapOptions) -> Estimate:
    resampling = resampling_of(screened, options)
    n = len(screened.p)
    value = float(score(screened, np.ones((1, n)))[0])
    resampled = np.concatenate([score(screened, weights) for weights in resampling.chunks()])
    low, high = percentile_interval(resampled, value, options.get("level", LEVEL))
    return Estimate(value, low, high, n, n_groups=len(resampling.strata))


def with_probability(predictions: pd.DataFrame, p: ArrayLike) -> pd.DataFrame:
    """The same table with other probabilities of "malignant"."""
    p = np.asarray(p, dtype=float)
    return predictions.assign(p_benign=1 - p, p_malignant=p)


def screening_reliability(predictions: pd.DataFrame, n_bins: int = 10) -> pd.DataFrame:
    """Probability of "malignant" against the share that is, in equal bins of probability.

    Parameters
    ----------
    predictions : DataFrame
        Of one split; see `helpers.screening.scores.check_screening`.
    n_bins : int, default=10
        Equal bins of [0, 1].

    Returns
    -------
    DataFrame
        A row a bin that has images: edges ``left`` and ``right``, ``n`` images, their mean
        ``probability``, the malignant ``share`` and its ``low`` and ``high`` (Wilson, for as
        many cases as lesions), all in [0, 1].
    """
    screened = check_screening(predictions)
    bins = np.clip(np.ceil(screened.p * n_bins).astype(np.intp) - 1, 0, n_bins - 1)
    rows = []
    for index in np.unique(bins).tolist():
        here = bins == index
        n = int(here.sum())
        share = wilson(int(screened.malignant[here].sum()), n, n_groups=screened.n_lesions(here))
        row = {"left": index / n_bins, "right": (index + 1) / n_bins, "n": n}
        row |= {"probability": float(screened.p[here].mean()), "share": share.value}
        rows.append(row | {"low": share.low, "high": share.high})
    return pd.DataFrame(rows)


def choose_screening(trials: Sequence[Trial]) -> Trial:
    """The trial with the highest AUC on validation; of equals the first.

    The AUC and not the accuracy, because the threshold is chosen afterwards.
    """
    areas = []
    for trial in trials:
        screened = check_screening(trial.predictions_of("valid"))
        areas.append(float(_auc(screened, np.ones((1, len(screened.p))))[0]))
    return trials[int(np.argmax(areas))]


def paired_aucs(trials: Sequence[Trial], reference: Trial, split: str = "valid") -> pd.DataFrame:
    """AUC of a reference less that of each other trial, on the same images.

    Parameters
    ----------
    trials : sequence of Trial
        Of one catalogue and split.
    reference : Trial
        Compared with each of the others.
    split : {"valid", "test"}, default="valid"
        Which predictions are compared.

    Returns
    -------
    DataFrame
        Columns ``first``, ``second``, ``difference`` (`Estimate`) and ``verdict``.
    """
    rows = []
    for other in trials:
        if other.name != reference.name:
            estimate = compare_screening(
                reference.predictions_of(split), other.predictions_of(split)
            )
            rows.append((reference.name, other.name, estimate, difference(estimate)))
    return pd.DataFrame(rows, columns=["first", "second", "difference", "verdict"])
