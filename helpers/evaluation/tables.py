"""Tables and curves of one split's predictions: confusions, per class, errors, reliability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np
import pandas as pd

from helpers.core import CLASS_INDEX, CLASSES
from helpers.evaluation import metrics
from helpers.evaluation.metrics import Array, Scored, check_predictions
from helpers.evaluation.scoring import BootstrapOptions, Score, estimate_scores
from helpers.statistics import LEVEL, Estimate, wilson


@dataclass(frozen=True)
class Curve:
    """A one-vs-rest curve of a class.

    Parameters
    ----------
    x, y : ndarray of shape (n_points,)
        False and true positive rate of a ROC curve; recall and precision of a PR curve.
    area : float
        ROC AUC, or average precision.
    chance : float
        What ``area`` is for scores that know nothing.
    n : int
        Number of images of the class.
    """

    x: Array
    y: Array
    area: float
    chance: float
    n: int


def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """Count the images of each class by the class predicted.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.

    Returns
    -------
    DataFrame of int of shape (7, 7)
        True class by row, predicted class by column, in the order of ``CLASSES``.
    """
    scored = check_predictions(predictions)
    counts = metrics.weighted_confusions(scored, np.ones((1, scored.n_images)))[0]
    index, columns = pd.Index(CLASSES, name="true"), pd.Index(CLASSES, name="predicted")
    return pd.DataFrame(counts.astype(int), index=index, columns=columns)


def per_class(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> pd.DataFrame:
    """Precision, recall and F1 of each class with their intervals.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    DataFrame
        A row a class, columns ``support`` (images), ``lesions``, ``predicted`` (images) and,
        for each of ``precision``, ``recall`` and ``f1``, the value and its ``_low`` and
        ``_high``, in [0, 1]. Precision and recall have Wilson intervals for as many cases as
        there are lesions, wide also at 0 and 1; F1, no proportion, has the percentile interval
        of the bootstrap over lesions. Recall and F1 are NaN for a class without images,
        precision for one never predicted.
    """
    scored = check_predictions(predictions)
    level = options.get("level", LEVEL)
    f1 = estimate_scores(scored, {dx: _class_f1(CLASS_INDEX[dx]) for dx in CLASSES}, **options)
    recalls = class_recalls(predictions, level)
    rows = []
    for index, dx in enumerate(CLASSES):
        as_class, recall = scored.y_pred == index, recalls[dx]
        hits = int((as_class & (scored.y_true == index)).sum())
        n_predicted_lesions = _n_lesions(scored, as_class)
        precision = wilson(hits, int(as_class.sum()), level, n_groups=n_predicted_lesions)
        row: dict[str, float] = {
            "support": recall.n,
            "lesions": recall.n_groups or 0,
            "predicted": precision.n,
        }
        for name, estimate in (("precision", precision), ("recall", recall), ("f1", f1[dx])):
            row[name] = estimate.value
            row[f"{name}_low"], row[f"{name}_high"] = estimate.low, estimate.high
        rows.append(row)
    return pd.DataFrame(rows, index=pd.Index(CLASSES, name="dx"))


def class_recalls(predictions: pd.DataFrame, level: float = LEVEL) -> dict[str, Estimate]:
    """Share of each class's images that are predicted as it, without a bootstrap.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    level : float, default=0.95
        Confidence level, in (0, 1).

    Returns
    -------
    dict of str to Estimate
        In the order of ``CLASSES``, in [0, 1], with Wilson intervals for as many cases as there
        are lesions; NaN for a class without images.
    """
    scored = check_predictions(predictions)
    recalls = {}
    for index, dx in enumerate(CLASSES):
        of_class = scored.y_true == index
        hits = int((of_class & (scored.y_pred == index)).sum())
        n_lesions = _n_lesions(scored, of_class)
        recalls[dx] = wilson(hits, int(of_class.sum()), level, n_groups=n_lesions)
    return recalls


def class_report(by_class: pd.DataFrame) -> pd.DataFrame:
    """Scores of each class with their intervals as one value each, to be shown as a table.

    Parameters
    ----------
    by_class : DataFrame
        Of `per_class`.

    Returns
    -------
    DataFrame
        A row a class, columns ``support``, ``lesions`` and ``predicted``, and an `Estimate` each
        for ``precision``, ``recall`` and ``f1``; its n is the class's images.
    """
    report = by_class[["support", "lesions", "predicted"]].copy()
    for name in ("precision", "recall", "f1"):
        ends = by_class[[name, f"{name}_low", f"{name}_high"]].to_numpy()
        report[name] = pd.Series(
            [
                Estimate(value, low, high, int(n))
                for (value, low, high), n in zip(ends, by_class["support"], strict=True)
            ],
            index=by_class.index,
        )
    return report


def error_destinations(predictions: pd.DataFrame) -> pd.DataFrame:
    """Share of each class's images predicted as each class, and where its errors end.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.

    Returns
    -------
    DataFrame
        A row a true class. Columns ``akiec`` to ``vasc``: share of its images predicted so, in
        [0, 1], summing to 1; ``n``: its images; ``errors``: how many of them are wrong;
        ``errors_in_nv``: share of those that are called a nevus, NaN without errors and for nv.
    """
    counts = confusion(predictions)
    n = counts.sum(axis=1)
    table = counts.div(n.where(n > 0), axis=0)
    table["n"] = n
    table["errors"] = n - np.diag(counts)
    in_nv = counts["nv"] / table["errors"].where(table["errors"] > 0)
    table["errors_in_nv"] = in_nv.where(counts.index != "nv")
    return table.rename_axis(columns=None)


def roc_curves(predictions: pd.DataFrame) -> dict[str, Curve]:
    """One-vs-rest ROC curves of the classes that have images.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.

    Returns
    -------
    dict of str to Curve
        False positive rate against true positive rate, with the AUC, in the order of
        ``CLASSES``.

    References
    ----------
    .. [1] Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006).
    """
    from sklearn.metrics import roc_curve  # takes a second, which only curves need

    scored = check_predictions(predictions)
    curves = {}
    for index, positive in _one_vs_rest(scored):
        x, y, _ = roc_curve(positive, scored.y_prob[:, index])
        area = float(np.trapezoid(y, x))
        curves[CLASSES[index]] = Curve(x, y, area, 0.5, int(positive.sum()))
    return curves


def pr_curves(predictions: pd.DataFrame) -> dict[str, Curve]:
    """One-vs-rest precision-recall curves of the classes that have images.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.

    Returns
    -------
    dict of str to Curve
        Recall against precision, with the average precision, whose chance level is the class's
        share of the images; recall falls along the curve. Draw it as steps (``where="post"``):
        straight lines between the points are too good.

    References
    ----------
    .. [1] Davis and Goadrich, "The relationship between precision-recall and ROC curves",
       ICML 2006.
    """
    from sklearn.metrics import precision_recall_curve  # takes a second, which only curves need

    scored = check_predictions(predictions)
    whole = np.ones((1, scored.n_images))
    curves = {}
    for index, positive in _one_vs_rest(scored):
        precision, recall, _ = precision_recall_curve(positive, scored.y_prob[:, index])
        area = float(metrics.class_average_precision(index)(scored, whole)[0])
        chance = float(positive.mean())
        curves[CLASSES[index]] = Curve(recall, precision, area, chance, int(positive.sum()))
    return curves


def reliability(predictions: pd.DataFrame, n_bins: int = 10, level: float = LEVEL) -> pd.DataFrame:
    """Confidence against accuracy in equal bins of confidence.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    n_bins : int, default=10
        Number of bins of [0, 1].
    level : float, default=0.95
        Confidence level of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        A row a bin that has images: its edges ``left`` and ``right``, ``n`` images, their mean
        ``confidence``, their ``accuracy`` and its ``low`` and ``high`` (Wilson, for as many
        cases as there are lesions), all in [0, 1].

    References
    ----------
    .. [1] Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    scored = check_predictions(predictions)
    confidence, right = scored.y_prob.max(axis=1), scored.y_true == scored.y_pred
    bins = metrics.confidence_bins(scored, n_bins)
    rows = []
    for index in np.unique(bins):
        here = bins == index
        share = wilson(
            int(right[here].sum()), int(here.sum()), level, n_groups=_n_lesions(scored, here)
        )
        row = {"left": index / n_bins, "right": (index + 1) / n_bins, "n": share.n}
        row |= {"confidence": float(confidence[here].mean()), "accuracy": share.value}
        rows.append(row | {"low": share.low, "high": share.high})
    return pd.DataFrame(rows)


def _class_f1(index: int) -> Score:
    def score(scored: Scored, weights: Array) -> Array:
        true, called = scored.y_true == index, scored.y_pred == index
        # A whole confusion matrix for one class takes twice as long, intervals and all.
        counts = np.stack([true, called, true & called], axis=1).astype(float)
        n_true, n_called, hits = (weights @ counts).T
        absent = np.full_like(hits, np.nan)
        return np.divide(2 * hits, n_true + n_called, absent, where=n_true > 0)

    return Score(f"F1 {CLASSES[index]}", score, "classes")


def _n_lesions(scored: Scored, images: np.ndarray) -> int:
    return len(np.unique(scored.lesion[images]))


def _one_vs_rest(scored: Scored) -> list[tuple[int, np.ndarray]]:
    """The classes that have images, each with its indicator; none where only one has."""
    if len(scored.present) < 2:
        return []
    return [(int(index), scored.y_true == index) for index in scored.present]
