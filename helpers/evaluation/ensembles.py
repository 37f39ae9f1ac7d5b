"""Several models as one: averaged predictions, and predictions out of fold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.training import Trial


def average_predictions(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Average the probabilities that several models give the same images.

    Parameters
    ----------
    tables : sequence of DataFrame
        Predictions of one split by models of one target; their rows may be in different orders.

    Returns
    -------
    DataFrame
        The first table with the arithmetic mean of all tables' probabilities.

    Raises
    ------
    ValueError
        If there is no table, or they differ in images, truth or classes.

    References
    ----------
    .. [1] Lakshminarayanan, Pritzel & Blundell, "Simple and scalable predictive uncertainty
       estimation using deep ensembles", NeurIPS 2017.
    """
    if not tables:
        raise ValueError("expected predictions of at least one model but got none; train some")
    first = tables[0]
    columns = _probability_columns(first)
    y_prob = np.zeros((len(first), len(columns)))
    for number, table in enumerate(tables, 1):
        if _probability_columns(table) != columns:
            raise ValueError(
                f"model {number}: expected probabilities {', '.join(columns)} but got "
                f"{', '.join(_probability_columns(table))}; average models of one target"
            )
        rows = pd.Index(table["image_id"]).get_indexer(pd.Index(first["image_id"]))
        if len(table) != len(first) or (rows < 0).any():
            n_shared = int((rows >= 0).sum())
            raise ValueError(
                f"model {number}: expected the {len(first)} images of the first but got "
                f"{len(table)}, {n_shared} of them shared; predict one split with all models"
            )
        aligned = table.iloc[rows]
        if not np.array_equal(aligned["y_true"].to_numpy(), first["y_true"].to_numpy()):
            raise ValueError(
                f"model {number}: expected the same y_true for each image but some differ; "
                "predict from one catalogue"
            )
        y_prob += aligned[columns].to_numpy(dtype=float)
    result = first.copy()
    result[columns] = y_prob / len(tables)
    return result


def _probability_columns(table: pd.DataFrame) -> list[str]:
    return [column for column in table.columns if column.startswith("p_")]


def out_of_fold(trials: Sequence[Trial]) -> pd.DataFrame:
    """Put together what each fold's model gives the images that it was not trained on.

    Parameters
    ----------
    trials : sequence of Trial
        One a table of `helpers.dataset.folds.fold_catalogues`, in its order.

    Returns
    -------
    DataFrame
        Predictions of the valid rows of all trials, sorted by image, with a column ``fold`` that
        numbers the trial. Each trial also chose its best epoch on these rows, so scores from them
        are a little too good; the test split's are not.

    Raises
    ------
    ValueError
        If there is no trial, or an image is held out by two.
    """
    if not trials:
        raise ValueError("expected a trial of each fold but got none; train them first")
    parts = [trial.predictions_of("valid").assign(fold=fold) for fold, trial in enumerate(trials)]
    if len({tuple(_probability_columns(part)) for part in parts}) > 1:
        raise ValueError("expected trials of one target but their classes differ; train alike")
    table = pd.concat(parts, ignore_index=True)
    twice = table.loc[table["image_id"].duplicated(), "image_id"]
    if len(twice):
        raise ValueError(
            f"expected each image to be held out once but {len(twice)} are held out by several "
            f"({', '.join(twice.head(5))}); pass one trial of each of fold_catalogues' tables"
        )
    return table.sort_values("image_id", ignore_index=True)
