"""Scores as functions of image weights, so that one formula gives a value and its resamples.

What a class without images, a tie and a probability of nil do is decided here, for all of this
room. Where scikit-learn does otherwise, it is said; where it is not said, the values are its own.

**An absent class**, one that no image of the table is of, has not been examined. It is left out
of every mean over classes, whatever is called by its name: an image that is takes a hit from its
own class. Resamples are drawn within each class, so that none drops out of one.

==========================  =====================================================================
score                       with an absent class
==========================  =====================================================================
accuracy, top k, Brier,     means over images: nothing is missing, and probability that the class
log loss, calibration       is given counts against its images. scikit-learn asks for ``labels``.
balanced accuracy           mean over the classes present, as in scikit-learn, which warns.
macro F1, macro precision   mean over the classes present. scikit-learn takes in a class that is
                            absent but called, with 0.0, so that its mean falls with one false
                            call; and ``recall_score`` does, where `balanced_accuracy_score` does
                            not.
macro ROC AUC               mean over the classes present. scikit-learn refuses, or gives NaN where
                            it is told the ``labels``, but a finite value with
                            ``average="weighted"`` or ``multi_class="ovo"``.
recall, F1, ROC AUC,        of the class itself: NaN, and an error where it is asked for by name.
average precision           scikit-learn gives 0.0 for recall, F1 and average precision, and NaN for
                            the area.
malignant ROC AUC           NaN where all images are of one kind; as is macro ROC AUC where they
                            are of one class.
==========================  =====================================================================

A class that has images and is never called has a precision of 0 in the macro mean, because it
finds none of them, as in scikit-learn; beside its recall in a table it is NaN, a share of nothing.

**Ties.** Of equal probabilities the class that comes first in ``CLASSES`` counts as the more
probable one, so that the top 1 is the predicted class and its score the accuracy. scikit-learn's
``top_k_accuracy_score`` lets the last one win, and its top 1 may thus differ from its accuracy. In
a ranking of images, for areas and average precision, equal scores count as drawn: half for an
area, and one threshold for precision.

**A probability of nil** has no logarithm. The log loss takes it, and all below
`PROBABILITY_FLOOR`, for that, in 64 bits whatever the table holds, so that a table's loss does not
depend on how it was stored. scikit-learn clips at the spacing of the type that it is given: one
wrong certainty costs 6.9 in 16 bits, 15.9 in 32 and 36.0 in 64; here always 27.6.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASS_INDEX, CLASSES, MALIGNANT, N_CLASSES

Array = NDArray[np.float64]
PROBABILITY_COLUMNS: tuple[str, ...] = tuple(f"p_{dx}" for dx in CLASSES)
_COLUMNS = ("image_id", "lesion_id", "dx", "y_true", *PROBABILITY_COLUMNS)
_SHOWN = 5
_TO_SHARES = "divide each row by its sum, or apply softmax where they are logits"

PROBABILITY_FLOOR = 1e-12
"""Probabilities below this count as this, so that a rounded 0 has a logarithm: far below what a
network in 32 bits tells from 0 beside its other answers, and a cost of 27.6 nats."""


@dataclass(frozen=True)
class Scored:
    """The checked arrays of a predictions table.

    Parameters
    ----------
    image_id : ndarray of str of shape (n_images,)
        Image of each row.
    y_true, y_pred : ndarray of int of shape (n_images,)
        Class indices; ``y_pred`` is the most probable class, the first of equals.
    y_prob : ndarray of shape (n_images, 7)
        Probabilities; each row sums to 1.
    lesion : ndarray of int of shape (n_images,)
        Lesion of each row, in ``range(n_lesions)``.
    lesion_class : ndarray of int of shape (n_lesions,)
        Class of each lesion.
    """

    image_id: NDArray[np.object_]
    y_true: NDArray[np.intp]
    y_pred: NDArray[np.intp]
    y_prob: Array
    lesion: NDArray[np.intp]
    lesion_class: NDArray[np.intp]

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.y_true)

    @property
    def n_lesions(self) -> int:
        """Number of lesions."""
        return len(self.lesion_class)

    @property
    def present(self) -> NDArray[np.intp]:
        """Indices of the classes that have at least one image."""
        return np.unique(self.y_true)


def check_predictions(predictions: pd.DataFrame) -> Scored:
    """Check a predictions table of one split and take its arrays.

    Parameters
    ----------
    predictions : DataFrame
        Columns ``image_id``, ``lesion_id``, ``dx``, ``y_true`` and ``p_akiec`` to ``p_vasc``;
        one row an image, of one split.

    Returns
    -------
    Scored
        Its arrays, in the table's order.

    Raises
    ------
    ValueError
        With all that is wrong at once: missing columns, no rows, two splits, doubled images,
        unknown classes, ``dx`` and ``y_true`` that disagree, a lesion with two diagnoses,
        probabilities that are NaN, outside [0, 1] or do not sum to 1 within 0.001.
    """
    missing = [column for column in _COLUMNS if column not in predictions.columns]
    if missing and "p_malignant" in predictions.columns:
        raise ValueError(
            f"predictions: expected probabilities of {', '.join(CLASSES)} but got those of benign "
            "and malignant; score them by helpers.screening.scores"
        )
    if missing:
        raise ValueError(
            f"predictions: expected the columns {', '.join(_COLUMNS)} but {', '.join(missing)} "
            "are missing; pass a trial's predictions table"
        )
    if predictions.empty:
        raise ValueError("predictions: expected rows but got none; check the name of the split")

    images = predictions["image_id"].to_numpy(dtype=object)
    y_prob = predictions[list(PROBABILITY_COLUMNS)].to_numpy(dtype=float)
    dx = predictions["dx"].astype(str)
    y_true = pd.to_numeric(predictions["y_true"], errors="coerce").to_numpy(dtype=float)
    lesion_id = predictions["lesion_id"]
    with np.errstate(invalid="ignore"):
        out_of_range = ~((y_prob >= 0) & (y_prob <= 1)).all(axis=1)
        off_sum = np.abs(y_prob.sum(axis=1) - 1) > 1e-3
    unknown = ~dx.isin(CLASSES).to_numpy()
    disagree = ~unknown & (y_true != dx.map(CLASS_INDEX).to_numpy(dtype=float))
    two_classes = (dx.groupby(lesion_id).transform("nunique") > 1).to_numpy()

    problems = []
    splits = list(predictions["split"].unique()) if "split" in predictions.columns else []
    if len(splits) > 1:
        problems.append(
            f"expected one split but got {', '.join(map(str, splits))}; select the rows of one"
        )
    for rows, expected, remedy in (
        (predictions["image_id"].duplicated().to_numpy(), "each image once", "drop the doubles"),
        (lesion_id.isna().to_numpy(), "a lesion_id in every row", "merge it from the catalogue"),
        (unknown, f"dx among {', '.join(CLASSES)}", "correct or drop the rows"),
        (disagree, "y_true to be the index of dx in CLASSES", "predict again"),
        (two_classes, "one diagnosis a lesion", "mend the catalogue"),
        (out_of_range, "probabilities in [0, 1] without NaN", _TO_SHARES),
        (off_sum & ~out_of_range, "probabilities that sum to 1 in each row", _TO_SHARES),
    ):
        if rows.any():
            names = ", ".join(map(str, images[rows][:_SHOWN]))
            more = " ..." if rows.sum() > _SHOWN else ""
            problems.append(
                f"expected {expected} but {rows.sum()} rows differ ({names}{more}); {remedy}"
            )
    if problems:
        raise ValueError("predictions: " + "\n  - ".join(["", *problems]).lstrip())

    lesions, lesion = np.unique(lesion_id.astype(str).to_numpy(dtype=object), return_inverse=True)
    labels = y_true.astype(np.intp)
    lesion_class = np.empty(len(lesions), dtype=np.intp)
    lesion_class[lesion] = labels
    return Scored(images, labels, y_prob.argmax(axis=1), y_prob, lesion, lesion_class)


def weighted_confusions(scored: Scored, weights: Array) -> Array:
    """Confusion matrices under each row of weights, of shape (n_weights, 7, 7), true by row."""
    cells = np.zeros((scored.n_images, N_CLASSES**2))
    cells[np.arange(scored.n_images), scored.y_true * N_CLASSES + scored.y_pred] = 1
    return (weights @ cells).reshape(-1, N_CLASSES, N_CLASSES)


def _divide(numerator: Array, denominator: Array, of_nothing: float = 0.0) -> Array:
    """Quotient, and what a share of nothing is."""
    empty = np.full_like(numerator, of_nothing)
    return np.divide(numerator, denominator, empty, where=denominator > 0)


def class_precision(confusions: Array) -> Array:
    """Precision of each class, 0 where it is never predicted; shape (n_weights, 7)."""
    return _divide(np.diagonal(confusions, axis1=1, axis2=2), confusions.sum(axis=1))


def class_recall(confusions: Array) -> Array:
    """Recall of each class, NaN where it has no image; shape (n_weights, 7)."""
    return _divide(np.diagonal(confusions, axis1=1, axis2=2), confusions.sum(axis=2), np.nan)


def class_f1(confusions: Array) -> Array:
    """F1 of each class, twice the hits over images and predictions; shape (n_weights, 7).

    NaN where it has no image.
    """
    hits, n_images = np.diagonal(confusions, axis1=1, axis2=2), confusions.sum(axis=2)
    return np.where(n_images > 0, _divide(2 * hits, confusions.sum(axis=1) + n_images), np.nan)


def _over_present(scored: Scored, values: Array) -> Array:
    """Mean over the classes that have images: an absent class has no recall to average."""
    return values[:, scored.present].mean(axis=1)


def accuracy(scored: Scored, weights: Array) -> Array:
    """Weighted share of images whose most probable class is right."""
    return weights @ (scored.y_true == scored.y_pred) / weights.sum(axis=1)


def balanced_accuracy(scored: Scored, weights: Array) -> Array:
    """Mean recall of the classes present."""
    return _over_present(scored, class_recall(weighted_confusions(scored, weights)))


def macro_f1(scored: Scored, weights: Array) -> Array:
    """Mean F1 of the classes present."""
    return _over_present(scored, class_f1(weighted_confusions(scored, weights)))


def macro_precision(scored: Scored, weights: Array) -> Array:
    """Mean precision of the classes present."""
    return _over_present(scored, class_precision(weighted_confusions(scored, weights)))


def top_k(k: int) -> Callable[[Scored, Array], Array]:
    """Weighted share of images whose class is among the ``k`` most probable, ties to the first."""

    def score(scored: Scored, weights: Array) -> Array:
        order = np.argsort(-scored.y_prob, axis=1, kind="stable")[:, :k]
        return weights @ (order == scored.y_true[:, None]).any(axis=1) / weights.sum(axis=1)

    return score


def _by_threshold(score: Array, positive: Array, weights: Array) -> tuple[Array, Array]:
    """Positive and negative weight at each distinct score, highest first."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    ordered = np.take(weights, order, axis=1)
    hits = ordered * positive[order]
    if len(starts) == len(order):
        return hits, ordered - hits
    return np.add.reduceat(hits, starts, axis=1), np.add.reduceat(ordered - hits, starts, axis=1)


def weighted_auc(score: Array, positive: Array, weights: Array) -> Array:
    """Area under the ROC curve: the chance that a positive outranks a negative, ties half."""
    hits, misses = _by_threshold(score, positive, weights)
    above = np.cumsum(hits, axis=1)
    pairs = above[:, -1] * misses.sum(axis=1)
    return np.einsum("ij,ij->i", misses, above - 0.5 * hits) / pairs


def weighted_average_precision(score: Array, positive: Array, weights: Array) -> Array:
    """Area under the precision-recall steps: the mean precision over the positives."""
    hits, misses = _by_threshold(score, positive, weights)
    above = np.cumsum(hits, axis=1)
    precision = _divide(above, above + np.cumsum(misses, axis=1))
    return np.einsum("ij,ij->i", hits, precision) / above[:, -1]


def class_auc(index: int) -> Callable[[Scored, Array], Array]:
    """One-vs-rest ROC AUC of a class."""

    def score(scored: Scored, weights: Array) -> Array:
        positive = (scored.y_true == index).astype(float)
        return weighted_auc(scored.y_prob[:, index], positive, weights)

    return score


def class_average_precision(index: int) -> Callable[[Scored, Array], Array]:
    """One-vs-rest average precision of a class."""

    def score(scored: Scored, weights: Array) -> Array:
        positive = (scored.y_true == index).astype(float)
        return weighted_average_precision(scored.y_prob[:, index], positive, weights)

    return score


def macro_auc(scored: Scored, weights: Array) -> Array:
    """Mean one-vs-rest ROC AUC of the classes present."""
    return np.mean([class_auc(index)(scored, weights) for index in scored.present], axis=0)


def malignant_auc(scored: Scored, weights: Array) -> Array:
    """ROC AUC of the summed probability of the malignant classes."""
    indices = [CLASS_INDEX[dx] for dx in CLASSES if dx in MALIGNANT]
    positive = np.isin(scored.y_true, indices).astype(float)
    return weighted_auc(scored.y_prob[:, indices].sum(axis=1), positive, weights)


def confidence_bins(scored: Scored, n_bins: int) -> NDArray[np.intp]:
    """Bin of each image's highest probability: ``n_bins`` equal bins of [0, 1], closed above."""
    if n_bins < 1:
        raise ValueError(f"expected at least 1 bin but got {n_bins}; 10 is the usual number")
    bins = np.ceil(scored.y_prob.max(axis=1) * n_bins).astype(np.intp) - 1
    return np.clip(bins, 0, n_bins - 1)


def calibration_error(n_bins: int) -> Callable[[Scored, Array], Array]:
    """Expected calibration error over ``n_bins`` equal bins of confidence."""

    def score(scored: Scored, weights: Array) -> Array:
        gap = (scored.y_true == scored.y_pred) - scored.y_prob.max(axis=1)
        cells = np.zeros((scored.n_images, n_bins))
        cells[np.arange(scored.n_images), confidence_bins(scored, n_bins)] = gap
        return np.abs(weights @ cells).sum(axis=1) / weights.sum(axis=1)

    return score


def brier(scored: Scored, weights: Array) -> Array:
    """Mean squared distance of the probabilities from the truth, summed over classes."""
    distance = ((scored.y_prob - np.eye(N_CLASSES)[scored.y_true]) ** 2).sum(axis=1)
    return weights @ distance / weights.sum(axis=1)


def log_loss(scored: Scored, weights: Array) -> Array:
    """Mean negative logarithm of the true class's probability, at least the floor, in nats."""
    of_truth = scored.y_prob[np.arange(scored.n_images), scored.y_true]
    return weights @ -np.log(of_truth.clip(PROBABILITY_FLOOR)) / weights.sum(axis=1)
