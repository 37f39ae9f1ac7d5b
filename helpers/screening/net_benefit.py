"""Net benefit: whether acting on a model does more good than sending everybody on, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import numpy as np
import pandas as pd

from helpers.evaluation import Array, BootstrapOptions
from helpers.screening.scores import check_screening, resampling_of
from helpers.statistics import LEVEL, Estimate, percentile_interval

THRESHOLDS: tuple[float, ...] = tuple(round(0.02 * k, 2) for k in range(1, 31))
"""Threshold probabilities of a decision curve: whoever removes more than one benign lesion for
each malignant one lies below one half."""


def net_benefit(
    predictions: pd.DataFrame,
    thresholds: Sequence[float] = THRESHOLDS,
    prevalence: float | None = None,
    **options: Unpack[BootstrapOptions],
) -> pd.DataFrame:
    """Net benefit of a model over thresholds, beside sending on everybody and nobody.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split; see `helpers.screening.scores.check_screening`. Its
        probabilities have to be those of the prevalence, since a threshold is a probability.
    thresholds : sequence of float
        In (0, 1): the probability of "malignant" from which one would act. At 0.1 a lesion missed
        weighs as much as nine sent on for nothing.
    prevalence : float or None, default=None
        Share of malignant images where the model is used, in (0, 1); None takes the split's own.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    DataFrame
        A row a threshold: ``threshold``; as `Estimate` the net benefit of the ``model`` in true
        positives an image and ``gain``, that less the better of the two rules that need no model,
        both computed in each resample; and ``all``, the net benefit of sending on everybody
        (of nobody it is 0).

    Raises
    ------
    ValueError
        If a threshold or the prevalence is not in (0, 1), or only one kind has images.

    References
    ----------
    .. [1] Vickers and Elkin, "Decision curve analysis: a novel method for evaluating prediction
       models", Medical Decision Making 26 (2006).
    .. [2] Vickers, Van Calster and Steyerberg, "A simple, step-by-step guide to interpreting
       decision curve analysis", Diagnostic and Prognostic Research 3 (2019).
    """
    outside = [value for value in [*thresholds, prevalence or 0.5] if not 0 < value < 1]
    if outside:
        raise ValueError(
            f"expected thresholds and prevalence in (0, 1) but got {outside}; 0.1 acts on one "
            "chance in ten"
        )
    screened = check_screening(predictions)
    malignant = screened.malignant.astype(float)
    if malignant.min() == malignant.max():
        raise ValueError("expected benign and malignant images but got one kind; use more images")
    odds = np.array([value / (1 - value) for value in thresholds])
    called = screened.p[:, None] >= np.asarray(thresholds)
    hits, alarms = called * malignant[:, None], called * (1 - malignant)[:, None]

    def benefits(weights: Array) -> tuple[Array, Array]:
        positive, total = weights @ malignant, weights.sum(axis=1)
        share = positive / total if prevalence is None else np.full(len(weights), prevalence)
        found = weights @ hits / positive[:, None]
        alarmed = weights @ alarms / (total - positive)[:, None]
        model = found * share[:, None] - alarmed * (1 - share)[:, None] * odds
        return model, share[:, None] - (1 - share)[:, None] * odds

    model, everybody = benefits(np.ones((1, len(malignant))))
    resampling = resampling_of(screened, options)
    drawn = [benefits(weights) for weights in resampling.chunks()]
    models = np.concatenate([pair[0] for pair in drawn])
    gains = models - np.maximum(np.concatenate([pair[1] for pair in drawn]), 0)
    level = options.get("level", LEVEL)

    def estimate(value: float, resampled: Array) -> Estimate:
        low, high = percentile_interval(resampled, value, level)
        return Estimate(value, low, high, len(malignant), n_groups=len(resampling.strata))

    rows = []
    for place, threshold in enumerate(thresholds):
        value, of_all = float(model[0, place]), float(everybody[0, place])
        rows.append(
            {
                "threshold": threshold,
                "model": estimate(value, models[:, place]),
                "gain": estimate(value - max(of_all, 0.0), gains[:, place]),
                "all": of_all,
            }
        )
    return pd.DataFrame(rows, columns=["threshold", "model", "gain", "all"])


def worth_using(table: pd.DataFrame) -> tuple[float, float] | None:
    """The widest unbroken range of thresholds at which a model does more good than either rule.

    Parameters
    ----------
    table : DataFrame
        As of `net_benefit`, thresholds rising.

    Returns
    -------
    tuple of float or None
        First and last threshold at which the whole interval of the gain is above 0; None where it
        is at none.
    """
    best: tuple[int, int] | None = None
    start: int | None = None
    above = [estimate.low > 0 for estimate in table["gain"]]
    for place, shown in enumerate([*above, False]):
        if shown and start is None:
            start = place
        elif not shown and start is not None:
            if best is None or place - start > best[1] - best[0] + 1:
                best = (start, place - 1)
            start = None
    if best is None:
        return None
    thresholds = table["threshold"].to_list()
    return float(thresholds[best[0]]), float(thresholds[best[1]])
