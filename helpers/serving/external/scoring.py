"""Scores of an external test, the official one first, each beside the internal test's."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Unpack

import numpy as np
import pandas as pd

from helpers.core import CLASSES, NAMES
from helpers.evaluation import (
    LOG_LOSS,
    SCORES,
    Array,
    BootstrapOptions,
    Score,
    Scored,
    check_predictions,
    class_recalls,
    estimate_scores,
)
from helpers.screening import calibration_scores, screening_scores
from helpers.serving.cards import Card, FaceName, weighed, with_area_of
from helpers.serving.cards import Score as CardScore
from helpers.statistics import LEVEL, Estimate, difference_of_independent, wilson

OFFICIAL = "balanced_accuracy"
"""Key of the challenge's metric; without ties it is the balanced accuracy of a card."""

BEFORE = "_before"
"""How keys of scores of uncalibrated probabilities end."""


def challenge_accuracy(scored: Scored, weights: Array) -> Array:
    """Balanced multiclass accuracy as the ISIC 2018 challenge computes it [1]_.

    Parameters
    ----------
    scored : Scored
        Checked predictions.
    weights : ndarray of shape (n_weights, n_images)
        Weights of the images.

    Returns
    -------
    ndarray of shape (n_weights,)
        Mean recall of the classes that have images. An image for which two classes share the
        highest probability is undecided there, and counts as wrong, whatever the classes are.

    References
    ----------
    .. [1] ISIC challenge scoring, version 5.6.0, balanced multiclass accuracy:
       https://github.com/ImageMarkup/isic-challenge-scoring.
    """
    highest = scored.y_prob.max(axis=1, keepdims=True)
    decided = (scored.y_prob == highest).sum(axis=1) == 1
    right = (decided & (scored.y_true == scored.y_pred)).astype(float)
    recalls = []
    for index in scored.present:
        of_class = (scored.y_true == index).astype(float)
        recalls.append((weights @ (of_class * right)) / (weights @ of_class))
    return np.mean(recalls, axis=0)


_DIAGNOSIS = {
    OFFICIAL: Score(
        "Balanced multiclass accuracy, the official metric of ISIC 2018 task 3",
        challenge_accuracy,
        "classes",
    ),
    **{name: score for name, score in SCORES.items() if name != OFFICIAL},
    "log_loss": LOG_LOSS,
}
MEANS_OF_CLASSES = (OFFICIAL, "macro_f1", "macro_precision", "macro_auc")
"""Scores that are means over classes: where one is absent, they are means of other classes."""

CALIBRATION = ("calibration_error", "brier_score", "log_loss")
"""Scores that a temperature can mend; told before and after it."""

LABELS = {
    **{name: score.label for name, score in _DIAGNOSIS.items()},
    "average_precision": "Malignant average precision",
    "sensitivity": "Sensitivity for malignant, at the threshold",
    "specificity": "Specificity for malignant, at the threshold",
    "precision": "Malignant share of those called malignant",
    **{f"recall_{dx}": f"Recall, {NAMES[dx]}" for dx in CLASSES},
    "excess": "Mean malignant probability less the share of malignant images",
    "refused": "Refused by the check for dermoscopy",
}
LABELS |= {f"{name}{BEFORE}": f"{LABELS[name]}, before calibration" for name in CALIBRATION}
LABELS[f"excess{BEFORE}"] = f"{LABELS['excess']}, before calibration"

_SCREENING = {"recall": "sensitivity", "specificity": "specificity", "precision": "precision"}


def external_scores(
    calibrated: pd.DataFrame,
    before: pd.DataFrame,
    target: str,
    threshold: float,
    class_weights: Sequence[float] | None = None,
    **options: Unpack[BootstrapOptions],
) -> dict[str, Estimate]:
    """All scores of some images, the official one first.

    Parameters
    ----------
    calibrated, before : DataFrame
        Predictions of the same images, with the temperature and without it; ``lesion_id`` says
        what the intervals are over.
    target : {"diagnosis", "malignant"}
        What the model tells apart. Malignant against benign has no official metric.
    threshold : float
        From which calibrated probability an image is called malignant, as chosen on validation.
    class_weights : sequence of float, optional
        How much each class counts in that probability; see `helpers.serving.cards.Face`.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    dict of str to Estimate
        By key of `LABELS`, in the order of tables; NaN where the images do not define a score.

    Raises
    ------
    ValueError
        If the predictions do not pass their check.
    """
    asked = weighed(calibrated, target, class_weights)
    screened = screening_scores(asked, threshold, **options)
    at_threshold = {name: screened[key] for key, name in _SCREENING.items()}
    if target == "malignant":
        return {
            "malignant_auc": screened["roc_auc"],
            "average_precision": screened["average_precision"],
            "accuracy": screened["accuracy"],
            **at_threshold,
            **_binary_calibration(asked, "", options),
            **_binary_calibration(before, BEFORE, options),
        }
    found = estimate_scores(check_predictions(calibrated), _DIAGNOSIS, **options)
    found = with_area_of(asked, calibrated, found, **options)
    uncalibrated = estimate_scores(
        check_predictions(before), {name: _DIAGNOSIS[name] for name in CALIBRATION}, **options
    )
    recalls = class_recalls(calibrated, options.get("level", LEVEL))
    return {
        **found,
        **at_threshold,
        **{f"recall_{dx}": estimate for dx, estimate in recalls.items()},
        **{f"{name}{BEFORE}": estimate for name, estimate in uncalibrated.items()},
    }


def _binary_calibration(
    predictions: pd.DataFrame, ending: str, options: BootstrapOptions
) -> dict[str, Estimate]:
    found = calibration_scores(predictions, **options)
    return {f"brier_score{ending}": found["brier"], f"excess{ending}": found["excess"]}


def refused_share(refused: np.ndarray, lesion_id: pd.Series) -> Estimate:
    """Share of images that the gate refuses, with Wilson's interval over lesions."""
    n_lesions = int(lesion_id.nunique())
    return wilson(int(np.sum(refused)), len(refused), n_groups=n_lesions)


def beside_internal(
    part: str, found: dict[str, Estimate], card: Card, face: FaceName
) -> pd.DataFrame:
    """Scores of one part beside those of the internal test, and their differences.

    Parameters
    ----------
    part : str
        What the images are called.
    found : dict of str to Estimate
        Of `external_scores`.
    card : Card
        With the scores of the split that the model's own data kept for testing.
    face : {"views", "single"}
        Whose scores.

    Returns
    -------
    DataFrame
        A row a score: ``part, score, label``; ``value, low, high, n, n_lesions`` here;
        ``internal, internal_low, internal_high, internal_n``; and ``difference,
        difference_low, difference_high``, here less there, of independent samples. NaN where the
        card does not hold the score, or the images do not define it; a mean over classes has no
        difference where a class is absent here, because it is a mean of other classes.
    """
    internal = card.faces[face].scores.get("test", {})
    nothing = Estimate(nan, nan, nan, 0)
    absent = any(found[f"recall_{dx}"].n == 0 for dx in CLASSES if f"recall_{dx}" in found)
    rows = []
    for name, here in found.items():
        there = _estimate(internal[name]) if name in internal else nothing
        comparable = there.n and here.n and not (absent and name in MEANS_OF_CLASSES)
        drop = difference_of_independent(here, there) if comparable else nothing
        rows.append(
            {
                "part": part,
                "score": name,
                "label": LABELS[name],
                "value": here.value,
                "low": here.low,
                "high": here.high,
                "n": here.n,
                "n_lesions": here.n_groups,
                "internal": there.value,
                "internal_low": there.low,
                "internal_high": there.high,
                "internal_n": there.n,
                "difference": drop.value,
                "difference_low": drop.low,
                "difference_high": drop.high,
            }
        )
    return pd.DataFrame(rows)


def _estimate(score: CardScore) -> Estimate:
    return Estimate(score.value, score.low, score.high, score.n)
