"""Cross-validation: how many folds there can be, what leaks into them, and their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.evaluation.scoring import scores
from helpers.statistics import Estimate

CROSS_SCORES: dict[str, str] = {
    "accuracy": "top-1 accuracy",
    "top_2_accuracy": "top-2 accuracy",
    "top_3_accuracy": "top-3 accuracy",
    "macro_precision": "precision",
    "balanced_accuracy": "recall",
    "macro_f1": "F1",
}
"""Scores of the cross-validation and of the ensemble, in the order of their table."""


def most_folds(catalogue: pd.DataFrame, wanted: int) -> int:
    """As many folds as wanted, or as the rarest class has lesions outside the test split.

    Parameters
    ----------
    catalogue : DataFrame
        With a `split` column.
    wanted : int
        Of the profile.

    Returns
    -------
    int
        At least 2, which `helpers.dataset.folds.fold_catalogues` may still have to refuse.
    """
    rest = catalogue[catalogue["split"].astype(str) != "test"]
    fewest = int(rest.groupby(rest["dx"].astype(str))["lesion_id"].nunique().min())
    return max(2, min(wanted, fewest))


def held_out_leak(tables: Sequence[pd.DataFrame]) -> Estimate:
    """Share of the held-out images whose lesion also has an image in their training folds.

    Parameters
    ----------
    tables : sequence of DataFrame
        As of `helpers.dataset.folds.fold_catalogues`.

    Returns
    -------
    Estimate
        Over the images of all folds; a plain count, without an interval.
    """
    leaked = n = 0
    for table in tables:
        split = table["split"].astype(str)
        held_out = table.loc[split == "valid", "lesion_id"]
        leaked += int(held_out.isin(table.loc[split == "train", "lesion_id"]).sum())
        n += len(held_out)
    return Estimate(leaked / n, np.nan, np.nan, n)


def cross_validation_scores(predictions: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Top-1, top-2 and top-3 accuracy and the classes' mean precision, recall and F1.

    Parameters
    ----------
    predictions : mapping of str to DataFrame
        Held-out predictions, or those of one split.

    Returns
    -------
    DataFrame of Estimate
        Indexed by ``score``, a column a set of predictions.
    """
    columns = {
        name: {
            CROSS_SCORES[score]: estimate
            for score, estimate in scores(table, list(CROSS_SCORES)).items()
        }
        for name, table in predictions.items()
    }
    return pd.DataFrame(columns).rename_axis("score")
