"""Screening: malignant against benign, scored, thresholded and brought to a real prevalence.

Predictions are those of a trial with the target "malignant", or of one of the seven diagnoses,
whose malignant probabilities are then summed. The intervals are those of
`helpers.evaluation.scoring`: whole lesions are drawn, benign and malignant ones apart, all scores
from the same resamples, and the interval of each is symmetric in log odds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import MALIGNANT, TARGETS
from helpers.evaluation import (
    Array,
    BootstrapOptions,
    Curve,
    check_predictions,
    weighted_auc,
    weighted_average_precision,
)
from helpers.screening.prevalence import precision_at, prior_corrected
from helpers.statistics import LEVEL, N_RESAMPLES, Estimate, Resampling, logit_interval, wilson

__all__ = [
    "Operation",
    "Screened",
    "check_screening",
    "precision_at",
    "prior_corrected",
    "screening_confusion",
    "screening_pr",
    "screening_roc",
    "screening_scores",
    "threshold_for_sensitivity",
]

_COLUMNS = ("image_id", "lesion_id", "dx", "y_true", "p_benign", "p_malignant")
_SHOWN = 5


@dataclass(frozen=True)
class Screened:
    """The checked arrays of a predictions table.

    Parameters
    ----------
    malignant : ndarray of bool of shape (n_images,)
        The truth.
    p : ndarray of shape (n_images,)
        Probability of "malignant", in [0, 1].
    lesion : ndarray of int of shape (n_images,)
        Lesion of each row, in ``range(n_lesions)``.
    """

    malignant: NDArray[np.bool_]
    p: Array
    lesion: NDArray[np.intp]

    def n_lesions(self, images: NDArray[np.bool_]) -> int:
        """Lesions among some of the images."""
        return len(np.unique(self.lesion[images]))


def check_screening(predictions: pd.DataFrame) -> Screened:
    """Check a predictions table of one split and take its arrays.

    Parameters
    ----------
    predictions : DataFrame
        Of one split, with ``p_benign`` and ``p_malignant``, or with the seven diagnoses.

    Returns
    -------
    Screened
        In the table's order.

    Raises
    ------
    ValueError
        With all that is wrong at once.
    """
    if "p_malignant" not in predictions.columns:
        scored = check_predictions(predictions)
        y_prob = predictions[[f"p_{dx}" for dx in sorted(MALIGNANT)]].to_numpy(dtype=float)
        malignant = predictions["dx"].astype(str).isin(MALIGNANT).to_numpy()
        return Screened(malignant, y_prob.sum(axis=1).clip(0, 1), scored.lesion)
    missing = [column for column in _COLUMNS if column not in predictions.columns]
    if missing or predictions.empty:
        got = f"{', '.join(missing)} are missing" if missing else "there are none"
        raise ValueError(
            f"predictions: expected rows with the columns {', '.join(_COLUMNS)} but {got}; pass a "
            "trial's predictions of one split"
        )
    malignant = predictions["dx"].astype(str).isin(MALIGNANT).to_numpy()
    y_prob = predictions[["p_benign", "p_malignant"]].to_numpy(dtype=float)
    kinds = pd.Series(malignant).groupby(predictions["lesion_id"].to_numpy()).transform("nunique")
    with np.errstate(invalid="ignore"):
        bad = ~((y_prob >= 0) & (y_prob <= 1)).all(axis=1)
        bad |= ~(np.abs(y_prob.sum(axis=1) - 1) <= 1e-3)
    problems = []
    for rows, expected, remedy in (
        (predictions["image_id"].duplicated().to_numpy(), "each image once", "drop the doubles"),
        (
            predictions["y_true"].to_numpy() != malignant,
            "y_true 1 where dx is malignant",
            "predict",
        ),
        ((kinds > 1).to_numpy(), "lesions that are benign or malignant", "mend the catalogue"),
        (
            bad,
            "probabilities in [0, 1] that sum to 1",
            "divide each row by its sum, or apply softmax where they are logits",
        ),
    ):
        if rows.any():
            names = ", ".join(predictions["image_id"].astype(str)[rows][:_SHOWN])
            problems.append(f"expected {expected} but {rows.sum()} rows differ ({names}); {remedy}")
    if "split" in predictions.columns and predictions["split"].nunique() > 1:
        problems.append("expected one split but got several; select the rows of one")
    if problems:
        raise ValueError("predictions: " + "\n  - ".join(["", *problems]).lstrip())
    lesion = np.unique(predictions["lesion_id"].astype(str), return_inverse=True)[1]
    return Screened(malignant, y_prob[:, 1], lesion)


def screening_scores(
    predictions: pd.DataFrame, threshold: float = 0.5, **options: Unpack[BootstrapOptions]
) -> dict[str, Estimate]:
    """Scores of a screening model.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split; see `check_screening`.
    threshold : float, default=0.5
        An image is called malignant where its probability is at least this.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scoring.scores`.

    Returns
    -------
    dict of str to Estimate
        ``accuracy``, ``recall`` (sensitivity), ``specificity``, ``precision``, ``roc_auc`` and
        ``average_precision``, all in [0, 1]. ``n`` counts the images that a score is a share of:
        the malignant ones for recall, those called malignant for precision. Precision is 0 where
        nothing is called malignant; what needs a kind that has no image is NaN.
    """
    screened = check_screening(predictions)
    malignant, called = screened.malignant, screened.p >= threshold
    whole = np.ones(len(malignant), dtype=bool)

    def share(hits: NDArray[np.bool_], of: NDArray[np.bool_]) -> Callable[[Array], Array]:
        def score(weights: Array) -> Array:
            found, cases = weights @ (hits & of).astype(float), weights @ of.astype(float)
            return np.divide(found, cases, np.zeros_like(found), where=cases > 0)

        return score

    y = malignant.astype(float)
    one_kind = malignant.all() or not malignant.any()
    chosen = {
        "accuracy": (share(called == malignant, whole), whole, True),
        "recall": (share(called, malignant), malignant, malignant.any()),
        "specificity": (share(~called, ~malignant), ~malignant, not malignant.all()),
        "precision": (share(malignant, called), called, True),
        "roc_auc": (lambda weights: weighted_auc(screened.p, y, weights), whole, not one_kind),
        "average_precision": (
            lambda weights: weighted_average_precision(screened.p, y, weights),
            whole,
            not one_kind,
        ),
    }
    defined = {name: entry[0] for name, entry in chosen.items() if entry[2]}
    values, resampled = _resample(screened, defined, options)
    estimates = {}
    for name, (_, cases, is_defined) in chosen.items():
        n, n_groups = int(cases.sum()), screened.n_lesions(cases)
        if not is_defined:
            estimates[name] = Estimate(np.nan, np.nan, np.nan, n, n_groups=n_groups)
            continue
        # A score of two kinds is as sure as Kish's effective number of lesions.
        kinds = [screened.n_lesions(malignant), screened.n_lesions(~malignant)]
        of_kinds = 4 / (1 / kinds[0] + 1 / kinds[1]) if not one_kind else n_groups
        n_sure = of_kinds if name in ("roc_auc", "average_precision") else n_groups
        low, high = _interval(values[name], resampled[name], n_sure, options.get("level", LEVEL))
        estimates[name] = Estimate(values[name], low, high, n, n_groups=n_groups)
    return estimates


def resampling_of(screened: Screened, options: BootstrapOptions) -> Resampling:
    """Resamples of whole lesions, benign and malignant ones apart."""
    strata = np.zeros(screened.lesion.max() + 1, dtype=np.intp)
    strata[screened.lesion] = screened.malignant
    return Resampling(
        screened.lesion,
        strata,
        options.get("n_resamples", N_RESAMPLES),
        options.get("random_state", 0),
    )


def _resample(
    screened: Screened, chosen: dict[str, Callable[[Array], Array]], options: BootstrapOptions
) -> tuple[dict[str, float], dict[str, Array]]:
    resampling = resampling_of(screened, options)
    whole = np.ones((1, len(screened.p)))
    parts: dict[str, list[Array]] = {name: [] for name in chosen}
    for weights in resampling.chunks():
        for name, score in chosen.items():
            parts[name].append(score(weights))
    values = {name: float(score(whole)[0]) for name, score in chosen.items()}
    return values, {name: np.concatenate(part) for name, part in parts.items()}


def _interval(value: float, resampled: Array, n_cases: float, level: float) -> tuple[float, float]:
    if value in (0.0, 1.0) and np.ptp(resampled) < 1e-9:  # no resample can be worse than perfect
        bounds = wilson(value * n_cases, n_cases, level)
        # Nothing was called malignant: a precision of 0 of no cases.
        return (bounds.low, bounds.high) if n_cases else (0.0, 1.0)
    return logit_interval(resampled, value, level)


def screening_roc(predictions: pd.DataFrame) -> Curve:
    """False positive rate against true positive rate, with the AUC.

    Raises
    ------
    ValueError
        If only one kind has images.
    """
    from sklearn.metrics import roc_curve  # takes a second, which only curves need

    screened = _both_kinds(predictions)
    x, y, _ = roc_curve(screened.malignant, screened.p)
    return Curve(x, y, float(np.trapezoid(y, x)), 0.5, int(screened.malignant.sum()))


def screening_pr(predictions: pd.DataFrame) -> Curve:
    """Recall against precision, with the average precision; draw it as steps, "post".

    Raises
    ------
    ValueError
        If only one kind has images.
    """
    from sklearn.metrics import precision_recall_curve  # takes a second, which only curves need

    screened = _both_kinds(predictions)
    y = screened.malignant.astype(float)
    precision, recall, _ = precision_recall_curve(screened.malignant, screened.p)
    area = float(weighted_average_precision(screened.p, y, np.ones((1, len(y))))[0])
    return Curve(recall, precision, area, float(y.mean()), int(y.sum()))


def _both_kinds(predictions: pd.DataFrame) -> Screened:
    screened = check_screening(predictions)
    n_malignant, n = int(screened.malignant.sum()), len(screened.malignant)
    if n_malignant in (0, n):
        raise ValueError(
            f"expected benign and malignant images but {n_malignant} of {n} are malignant; use a "
            "larger split"
        )
    return screened


def screening_confusion(predictions: pd.DataFrame, threshold: float = 0.5) -> pd.DataFrame:
    """Images by truth (row) and call (column), both "benign" and "malignant" in this order.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split; see `check_screening`.
    threshold : float, default=0.5
        An image is called malignant where its probability is at least this.
    """
    screened = check_screening(predictions)
    cell = 2 * screened.malignant + (screened.p >= threshold)
    names = list(TARGETS["malignant"])
    index, columns = pd.Index(names, name="true"), pd.Index(names, name="called")
    return pd.DataFrame(np.bincount(cell, minlength=4).reshape(2, 2), index, columns)


@dataclass(frozen=True)
class Operation:
    """A threshold that was chosen for a sensitivity, and what it does where it was chosen.

    Parameters
    ----------
    threshold : float
        An image is called malignant where its probability is at least this.
    wanted : float
        The sensitivity that was asked for.
    sensitivity, specificity : Estimate
        On the images that the threshold was chosen on, so both look a little too good.
    """

    threshold: float
    wanted: float
    sensitivity: Estimate
    specificity: Estimate

    @property
    def calls_all(self) -> bool:
        """Whether the price is that every image is called malignant: no screening at all."""
        return bool(self.specificity.value == 0)


def threshold_for_sensitivity(
    valid: pd.DataFrame, wanted: float, **options: Unpack[BootstrapOptions]
) -> Operation:
    """Choose the highest threshold whose sensitivity is at least the one wanted.

    Parameters
    ----------
    valid : DataFrame
        Predictions of the validation split: a threshold chosen on the test split is a promise
        that nobody has checked.
    wanted : float
        Share of malignant images to be called malignant, in (0, 1].
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scoring.scores`.

    Returns
    -------
    Operation
        There always is such a threshold, at worst one that calls everything malignant, which
        `Operation.calls_all` tells. Its sensitivity on other images is another question: the
        interval reaches below what was wanted, the further the fewer malignant lesions there are.

    Raises
    ------
    ValueError
        If ``wanted`` is not in (0, 1], or one kind has no images.
    """
    if not 0 < wanted <= 1:
        raise ValueError(f"expected a sensitivity in (0, 1] but got {wanted}; 0.95 is common")
    screened = _both_kinds(valid)
    ranked = np.sort(screened.p[screened.malignant])[::-1]
    threshold = float(ranked[ceil(wanted * len(ranked) - 1e-9) - 1])
    found = screening_scores(valid, threshold, **options)
    return Operation(threshold, wanted, found["recall"], found["specificity"])
