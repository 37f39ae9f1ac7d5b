"""What mistakes cost: the commonest ones, malignant lesions missed, and alarms against finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASSES, MALIGNANT
from helpers.evaluation.metrics import check_predictions
from helpers.statistics import Estimate, wilson


def predicted_classes(predictions: pd.DataFrame) -> pd.Series:
    """The most probable class of each image, with the index of ``predictions``."""
    probabilities = predictions[[f"p_{dx}" for dx in CLASSES]].to_numpy()
    return pd.Series(np.array(CLASSES)[probabilities.argmax(axis=1)], predictions.index)


def main_confusions(predictions: pd.DataFrame, n: int = 6) -> pd.DataFrame:
    """The commonest mistakes.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    n : int, default=6
        At most so many; mistakes that do not occur are left out.

    Returns
    -------
    DataFrame
        Columns ``true``, ``predicted``, ``images``, and ``share of true class``, an `Estimate`
        with Wilson's interval for as many cases as the class has lesions.
    """
    check_predictions(predictions)
    table = predictions.assign(predicted=predicted_classes(predictions))
    wrong = table[table["dx"] != table["predicted"]]
    counts = wrong.groupby(["dx", "predicted"], observed=True).size()
    counts = counts.sort_values(ascending=False, kind="stable").head(n)
    rows = []
    for (dx, predicted), images in zip(counts.index, counts, strict=True):
        share = _share(table[table["dx"] == dx], table["predicted"] == predicted)
        rows.append(
            {"true": dx, "predicted": predicted, "images": images, "share of true class": share}
        )
    return pd.DataFrame(rows, columns=["true", "predicted", "images", "share of true class"])


def errors_called(predictions: pd.DataFrame, dx: str = "nv") -> Estimate:
    """Share of the mistakes on images of the other classes that are called ``dx``.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    dx : str, default="nv"
        The class that errors may end in.

    Returns
    -------
    Estimate
        With Wilson's interval for as many cases as there are mistaken lesions; NaN without a
        mistake.
    """
    check_predictions(predictions)
    table = predictions.assign(predicted=predicted_classes(predictions))
    wrong = table[(table["dx"] != dx) & (table["dx"] != table["predicted"])]
    return _share(wrong, wrong["predicted"] == dx)


def malignant_outcomes(predictions: pd.DataFrame) -> pd.DataFrame:
    """What the malignant and pre-malignant classes are called.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.

    Returns
    -------
    DataFrame
        A row a malignant class and one for "all": ``class``, ``images``, ``own name``,
        ``other malignant``, ``benign name``, and ``missed share``, the last of these as an
        `Estimate` with Wilson's interval for as many cases as there are lesions.
    """
    check_predictions(predictions)
    table = predictions.assign(predicted=predicted_classes(predictions))
    malignant = sorted(MALIGNANT)
    rows: list[dict[str, Any]] = []
    for name, classes in [*((dx, [dx]) for dx in malignant), ("all", malignant)]:
        chosen = table[table["dx"].isin(classes)]
        own = int((chosen["dx"] == chosen["predicted"]).sum())
        benign = ~chosen["predicted"].isin(malignant)
        rows.append(
            {
                "class": name,
                "images": len(chosen),
                "own name": own,
                "other malignant": len(chosen) - own - int(benign.sum()),
                "benign name": int(benign.sum()),
                "missed share": _share(chosen, benign),
            }
        )
    return pd.DataFrame(rows)


def recall_at_most_alarms(predictions: pd.DataFrame, allowed: Sequence[float]) -> pd.DataFrame:
    """Thresholds on the summed malignant probability, each for a share of false alarms.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    allowed : sequence of float
        Largest share of benign images that may be called in, in [0, 1).

    Returns
    -------
    DataFrame
        A row each: ``allowed``, ``threshold`` (the lowest observed probability that keeps to
        it; images above it are called in), and as `Estimate` ``false alarms`` among benign and
        ``found`` among malignant images, with Wilson's intervals for as many cases as there are
        lesions. The threshold is 0 where no image is benign.

    Raises
    ------
    ValueError
        If a share is not in [0, 1).
    """
    check_predictions(predictions)
    outside = [share for share in allowed if not 0 <= share < 1]
    if outside:
        raise ValueError(
            f"expected shares of false alarms in [0, 1) but got {outside}; 0.1 allows one in ten"
        )
    score = predictions[[f"p_{dx}" for dx in sorted(MALIGNANT)]].sum(axis=1).to_numpy()
    malignant = predictions["dx"].isin(MALIGNANT)
    rows = []
    for share in allowed:
        threshold = _threshold(score[~malignant.to_numpy()], share)
        called = pd.Series(score > threshold, predictions.index)
        rows.append(
            {
                "allowed": share,
                "threshold": threshold,
                "false alarms": _share(predictions[~malignant], called),
                "found": _share(predictions[malignant], called),
            }
        )
    return pd.DataFrame(rows, columns=["allowed", "threshold", "false alarms", "found"])


def _threshold(benign: NDArray[np.floating[Any]], share: float) -> float:
    """Lowest score of a benign image above which at most the share of them lies."""
    if not len(benign):
        return 0.0
    ranked = np.sort(benign)[::-1]
    return float(ranked[int(np.floor(share * len(ranked) + 1e-9))])


def _share(rows: pd.DataFrame, chosen: pd.Series) -> Estimate:
    k = int(chosen.reindex(rows.index).sum())
    return wilson(k, len(rows), n_groups=rows["lesion_id"].nunique() if len(rows) else None)
