"""The standard scores, and how a score gets its interval from resamples of lesions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal, TypedDict, Unpack

import numpy as np
import pandas as pd

from helpers.evaluation import metrics
from helpers.evaluation.metrics import Array, Scored, check_predictions
from helpers.statistics import (
    LEVEL,
    N_RESAMPLES,
    Estimate,
    Resampling,
    degrees_of_freedom,
    leave_out,
    logit_interval,
    percentile_interval,
    wilson,
)


class BootstrapOptions(TypedDict, total=False):
    """Options that every score takes.

    ``level`` (0.95) is the confidence level, ``n_resamples`` (2000) the number of bootstrap
    resamples, ``random_state`` (0) their seed.
    """

    level: float
    n_resamples: int
    random_state: int


@dataclass(frozen=True)
class Score:
    """A score that can be computed under image weights.

    Parameters
    ----------
    label : str
        Its name in tables and plots.
    function : callable
        Takes a ``Scored`` and weights of shape (n_weights, n_images); returns (n_weights,).
    kind : {"images", "classes", "loss", "calibration", "difference"}
        A mean over images or over classes in [0, 1], a loss (lower is better), a calibration
        error (a loss that resampling inflates), or a difference of two scores.
    """

    label: str
    function: Callable[[Scored, Array], Array]
    kind: Literal["images", "classes", "loss", "calibration", "difference"]


CALIBRATION_BINS = 10
_SHARES = ("images", "classes")

MANY_LESIONS = 200
"""Lesions of the rarest class above which quantiles are those of the normal distribution: Student's
t with as many degrees of freedom, the fewest that there can be, has one that is 0.6 % larger."""

SCORES: dict[str, Score] = {
    "accuracy": Score("Accuracy", metrics.accuracy, "images"),
    "balanced_accuracy": Score("Balanced accuracy", metrics.balanced_accuracy, "classes"),
    "macro_f1": Score("Macro F1", metrics.macro_f1, "classes"),
    "macro_precision": Score("Macro precision", metrics.macro_precision, "classes"),
    "top_2_accuracy": Score("Top-2 accuracy", metrics.top_k(2), "images"),
    "top_3_accuracy": Score("Top-3 accuracy", metrics.top_k(3), "images"),
    "macro_auc": Score("Macro ROC AUC", metrics.macro_auc, "classes"),
    "malignant_auc": Score("Malignant ROC AUC", metrics.malignant_auc, "classes"),
    "calibration_error": Score(
        "Expected calibration error", metrics.calibration_error(CALIBRATION_BINS), "calibration"
    ),
    "brier_score": Score("Brier score", metrics.brier, "loss"),
}
"""The standard set, in the order of tables."""

LOG_LOSS = Score("Log loss", metrics.log_loss, "loss")
"""Not of the standard set: one sure mistake weighs as much as dozens of hits."""


def known_score(name: str) -> Score:
    """Look a score up by name.

    Raises
    ------
    ValueError
        If there is none, naming those that there are.
    """
    if name not in SCORES:
        raise ValueError(f"expected a score among {', '.join(SCORES)} but got {name!r}; pick one")
    return SCORES[name]


def scores(
    predictions: pd.DataFrame,
    names: Sequence[str] | None = None,
    **options: Unpack[BootstrapOptions],
) -> dict[str, Estimate]:
    """Compute the standard scores of one split, or some of them.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split; see ``helpers.evaluation.metrics.check_predictions``.
    names : sequence of str or None, default=None
        Keys of ``SCORES``; None takes all.
    **options
        ``level``, the confidence level (0.95); ``n_resamples``, the number of bootstrap
        resamples (2000); ``random_state``, their seed (0).

    Returns
    -------
    dict of str to Estimate
        In the order of ``names``. A score that the split does not define (an AUC with only one
        class present) is NaN.

    Raises
    ------
    ValueError
        If a name is unknown or the predictions do not pass their check.
    """
    chosen = {name: known_score(name) for name in (SCORES if names is None else names)}
    return estimate_scores(check_predictions(predictions), chosen, **options)


def estimate_scores(
    scored: Scored,
    chosen: Mapping[str, Score],
    *,
    level: float = LEVEL,
    n_resamples: int = N_RESAMPLES,
    random_state: int = 0,
) -> dict[str, Estimate]:
    """Compute several scores and their intervals from the same resamples of lesions.

    Parameters
    ----------
    scored : Scored
        Checked predictions.
    chosen : mapping of str to Score
        What to compute.
    level : float, default=0.95
        Confidence level, in (0, 1).
    n_resamples : int, default=2000
        Number of bootstrap resamples.
    random_state : int, default=0
        Seed of the resamples.

    Returns
    -------
    dict of str to Estimate
        In the order of ``chosen``; NaN where the images do not define a score.

    References
    ----------
    .. [1] Davison and Hinkley, "Bootstrap Methods and their Application", 1997, chapter 5
       (basic and percentile intervals).
    .. [2] Kish, "Survey Sampling", 1965: for a mean of K class means with m_c lesions each,
       the effective number of lesions is K ** 2 / sum(1 / m_c).
    """
    whole = np.ones((1, scored.n_images))
    resampling = Resampling(scored.lesion, scored.lesion_class, n_resamples, random_state)
    resampled: dict[str, list[Array]] = {name: [] for name in chosen}
    with np.errstate(invalid="ignore", divide="ignore"):  # an undefined score is NaN on purpose
        values = {name: float(score.function(scored, whole)[0]) for name, score in chosen.items()}
        for weights in resampling.chunks():
            for name, score in chosen.items():
                resampled[name].append(score.function(scored, weights))
        df = _degrees_of_freedom(scored, chosen)
    estimates = {}
    for name, score in chosen.items():
        drawn = np.concatenate(resampled[name])
        low, high = _interval(scored, score.kind, values[name], drawn, level, df.get(name, inf))
        estimates[name] = Estimate(
            values[name], low, high, scored.n_images, n_groups=scored.n_lesions
        )
    return estimates


def _degrees_of_freedom(scored: Scored, chosen: Mapping[str, Score]) -> dict[str, float]:
    """How well the standard errors of the shares and areas are known."""
    shares = {name: score for name, score in chosen.items() if score.kind in _SHARES}
    rarest = np.bincount(scored.lesion_class)[scored.present].min()
    if not shares or rarest > MANY_LESIONS:
        return {}
    weights, stratum = leave_out(scored.lesion, scored.lesion_class)
    return {
        name: degrees_of_freedom(score.function(scored, weights), stratum, scored.lesion_class)
        for name, score in shares.items()
    }


def _interval(
    scored: Scored, kind: str, value: float, resampled: Array, level: float, df: float
) -> tuple[float, float]:
    share = kind in _SHARES
    counts = np.bincount(scored.lesion_class)
    counts = counts[counts > 0]
    # No resample can be worse than perfect, nor another where each class has one lesion.
    told_nothing = value in (0.0, 1.0) or counts.max() == 1
    if share and told_nothing and np.ptp(resampled) < 1e-9:
        of_classes = len(counts) ** 2 / float((1 / counts).sum())
        n_cases = of_classes if kind == "classes" else float(scored.n_lesions)
        bounds = wilson(value * n_cases, n_cases, level)
        return bounds.low, bounds.high
    if share:
        return logit_interval(resampled, value, level, df)
    low, high = percentile_interval(resampled, value, level)
    if kind == "calibration" and np.isfinite(value):
        return min(low, max(0.0, 2 * value - high)), high
    return low, high
