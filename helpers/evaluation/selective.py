"""Selective prediction: what a model errs on when it may pass on what it is least sure of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.evaluation.metrics import Array, Scored, check_predictions
from helpers.evaluation.scoring import BootstrapOptions, Score, estimate_scores
from helpers.statistics import LEVEL, Estimate, wilson


def _ranked(scored: Scored) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """Order by falling confidence, where each distinct confidence begins, and the confidence."""
    confidence: Array = scored.y_prob.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(confidence[order]) != 0])
    return order, starts, confidence


def area_under_risk(scored: Scored, weights: Array) -> Array:
    """Weighted area under the curve of risk over coverage; images of one confidence go together."""
    order, starts, _ = _ranked(scored)
    wrong = (scored.y_true != scored.y_pred).astype(float)[order]
    ordered = np.take(weights, order, axis=1)
    blocks = np.add.reduceat(ordered, starts, axis=1)
    errors = np.add.reduceat(ordered * wrong, starts, axis=1)
    kept = np.cumsum(blocks, axis=1)
    risk = np.divide(np.cumsum(errors, axis=1), kept, np.zeros_like(kept), where=kept > 0)
    return np.asarray(np.einsum("ij,ij->i", blocks, risk) / kept[:, -1])


AREA = Score("Area under risk over coverage", area_under_risk, "loss")


def risk_coverage(predictions: pd.DataFrame) -> pd.DataFrame:
    """Errors among the images that a model keeps, the surest first.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.

    Returns
    -------
    DataFrame
        A row for each distinct confidence (the highest probability), the highest first:
        ``confidence``, the ``coverage`` of keeping all images that are at least so sure, their
        ``risk`` (share that is wrong), and ``best``, the risk that the same errors would leave if
        they were passed on first; all in [0, 1].

    References
    ----------
    .. [1] El-Yaniv and Wiener, "On the foundations of noise-free selective classification",
       JMLR 11 (2010).
    .. [2] Geifman and El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017.
    """
    scored = check_predictions(predictions)
    order, starts, confidence = _ranked(scored)
    n = scored.n_images
    ends = np.r_[starts[1:], n]
    wrong = np.cumsum((scored.y_true != scored.y_pred)[order])
    n_right = n - int(wrong[-1])
    return pd.DataFrame(
        {
            "confidence": confidence[order][starts],
            "coverage": ends / n,
            "risk": wrong[ends - 1] / ends,
            "best": np.maximum(ends - n_right, 0) / ends,
        }
    )


def risk_area(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> Estimate:
    """Area under the curve of risk over coverage: the mean risk over all coverages.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    Estimate
        In [0, 1], less is better. A confidence that knows nothing of the errors gives the share
        of errors itself.

    References
    ----------
    .. [1] Geifman, Uziel and El-Yaniv, "Bias-reduced uncertainty estimation for deep neural
       classifiers", ICLR 2019.
    """
    return estimate_scores(check_predictions(predictions), {"": AREA}, **options)[""]


def kept_at(
    predictions: pd.DataFrame,
    coverages: Sequence[float],
    chosen_on: pd.DataFrame | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """What is left when the least sure images are passed on to somebody else.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    coverages : sequence of float
        Wanted shares of images to keep, in (0, 1].
    chosen_on : DataFrame or None, default=None
        Predictions of the split that the thresholds are read off, the validation split where
        ``predictions`` is the test split; None takes ``predictions`` itself.
    level : float, default=0.95
        Confidence level of the intervals.

    Returns
    -------
    DataFrame
        A row a wish: ``wanted``, ``threshold`` of confidence, and as `Estimate` ``kept`` (share
        of the images), ``risk`` (share wrong of those kept) and ``risk of the rest`` (of those
        passed on), with Wilson's intervals for as many cases as there are lesions.

    Raises
    ------
    ValueError
        If a share is not in (0, 1].
    """
    outside = [share for share in coverages if not 0 < share <= 1]
    if outside:
        raise ValueError(
            f"expected shares to keep in (0, 1] but got {outside}; 0.8 passes on one in five"
        )
    scored = check_predictions(predictions)
    read_off = check_predictions(predictions if chosen_on is None else chosen_on)
    ranked = np.sort(read_off.y_prob.max(axis=1))[::-1]
    confidence, wrong = scored.y_prob.max(axis=1), scored.y_true != scored.y_pred

    def share(hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> Estimate:
        n_lesions = len(np.unique(scored.lesion[of]))
        n = int(of.sum())
        return wilson(int((hits & of).sum()), n, level, n_groups=n_lesions if n else None)

    everything = np.ones(scored.n_images, dtype=bool)
    rows = []
    for wanted in coverages:
        last = max(int(np.ceil(wanted * len(ranked) - 1e-9)), 1) - 1
        threshold = float(ranked[last]) if wanted < 1 else 0.0
        kept = confidence >= threshold
        rows.append(
            {
                "wanted": wanted,
                "threshold": threshold,
                "kept": share(kept, everything),
                "risk": share(wrong, kept),
                "risk of the rest": share(wrong, ~kept),
            }
        )
    return pd.DataFrame(rows, columns=["wanted", "threshold", "kept", "risk", "risk of the rest"])
