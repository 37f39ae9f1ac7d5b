"""Scores as functions of image weights, so that one formula gives a value and its resamples."""

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
        (out_of_range, "probabilities in [0, 1] without NaN", "apply softmax to logits"),
        (off_sum & ~out_of_range, "probabilities that sum to 1 in each row", "apply softmax"),
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


def _divide(numerator: Array, denominator: Array) -> Array:
    """Quotient with 0 / 0 = 0, the convention of scikit-learn for precision and F1."""
    return np.divide(numerator, denominator, np.zeros_like(numerator), where=denominator > 0)


def class_precision(confusions: Array) -> Array:
    """Precision of each class, 0 where it is never predicted; shape (n_weights, 7)."""
    return _divide(np.diagonal(confusions, axis1=1, axis2=2), confusions.sum(axis=1))


def class_recall(confusions: Array) -> Array:
    """Recall of each class, 0 where it has no image; shape (n_weights, 7)."""
    return _divide(np.diagonal(confusions, axis1=1, axis2=2), confusions.sum(axis=2))


def class_f1(confusions: Array) -> Array:
    """F1 of each class, twice the hits over images and predictions; shape (n_weights, 7)."""
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    return _divide(2 * hits, confusions.sum(axis=1) + confusions.sum(axis=2))


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
    """Weighted share of images whose class is among the ``k`` most probable."""

    def score(scored: Scored, weights: Array) -> Array:
        order = np.argsort(-scored.y_prob, axis=1, kind="stable")[:, :k]
        return weights @ (order == scored.y_true[:, None]).any(axis=1) / weights.sum(axis=1)

    return score


def _by_threshold(score: Array, positive: Array, weights: Array) -> tuple[Array, Array]:
    """Positive and negative weight at each distinct score, highest first."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    ordered = weights[:, order]
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
