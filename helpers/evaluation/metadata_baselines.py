"""What can be predicted without an image: from nothing at all, or from one column of the table."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from helpers.core import CLASS_INDEX, CLASSES
from helpers.evaluation.scoring import scores
from helpers.statistics import Estimate

UNKNOWN = "unknown"
AGE_WIDTH = 10


def class_table(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Images and lesions of each diagnosis.

    Parameters
    ----------
    catalogue : DataFrame
        With ``lesion_id`` and ``dx``.

    Returns
    -------
    DataFrame
        Indexed by class in the order of ``CLASSES``, and "all" last: ``images``, ``lesions``
        (int), ``share`` of the images in [0, 1], and ``per_lesion``, images a lesion (NaN for a
        class without any).
    """
    groups = catalogue.groupby("dx")
    table = pd.DataFrame({"images": groups.size(), "lesions": groups["lesion_id"].nunique()})
    table = table.reindex(list(CLASSES), fill_value=0)
    table.loc["all"] = table.sum()
    table["share"] = table["images"] / max(len(catalogue), 1)
    table["per_lesion"] = table["images"] / table["lesions"].where(table["lesions"] > 0)
    return table.rename_axis("dx")


def predict_always(catalogue: pd.DataFrame, dx: str) -> pd.DataFrame:
    """Predictions of a model that gives every image the same diagnosis.

    Parameters
    ----------
    catalogue : DataFrame
        The images of one split.
    dx : str
        The diagnosis.

    Returns
    -------
    DataFrame
        As a trial's predictions: ``image_id, lesion_id, split, dx, y_true, p_akiec ... p_vasc``.
    """
    probability = np.zeros((len(catalogue), len(CLASSES)))
    probability[:, CLASS_INDEX[dx]] = 1
    return _predictions(catalogue, probability)


def predict_from_column(
    catalogue: pd.DataFrame, column: str, fit: str = "train", on: str = "valid"
) -> pd.DataFrame:
    """Predictions of a model that sees one column of the metadata and no image.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx``, ``split`` and the column.
    column : str
        As in ``"dx_type"``; ages are taken in bins of ten years.
    fit, on : str
        Splits to count in and to predict.

    Returns
    -------
    DataFrame
        As a trial's predictions. The probability of a class is its share among the images of
        ``fit`` with the same value; of all images of ``fit`` where the value is new.
    """
    values = _values(catalogue[column])
    seen = catalogue["split"] == fit
    counts = pd.crosstab(values[seen], catalogue.loc[seen, "dx"])
    counts = counts.reindex(columns=list(CLASSES), fill_value=0)
    shares = counts.div(counts.sum(axis=1), axis=0)
    overall = counts.sum() / counts.to_numpy().sum()
    asked = catalogue[catalogue["split"] == on]
    table = shares.reindex(values[asked.index])
    return _predictions(asked, table.fillna(overall).to_numpy())


def column_scores(
    catalogue: pd.DataFrame, columns: Iterable[str], on: str = "valid"
) -> pd.DataFrame:
    """How much each column of the metadata gives away, without any image.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx``, ``split`` and the columns.
    columns : iterable of str
        Those with a single value say nothing and are left out.
    on : str, default="valid"
        Split that is scored; the frequencies are those of ``train``.

    Returns
    -------
    DataFrame
        ``column``, and an `Estimate` of ``accuracy``, ``balanced_accuracy`` and
        ``malignant_auc`` each.
    """
    names = ["accuracy", "balanced_accuracy", "malignant_auc"]
    rows: list[dict[str, str | Estimate]] = []
    for column in columns:
        if _values(catalogue[column]).nunique() > 1:
            found = scores(predict_from_column(catalogue, column, on=on), names)
            rows.append({"column": column, **{name: found[name] for name in names}})
    return pd.DataFrame(rows, columns=["column", *names])


def _values(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        decade = (column // AGE_WIDTH * AGE_WIDTH).astype("Int64").astype(str)
        return decade.where(column.notna(), UNKNOWN)
    return column.astype(str).replace("", UNKNOWN)


def _predictions(catalogue: pd.DataFrame, probability: np.ndarray) -> pd.DataFrame:
    columns = [c for c in ("image_id", "lesion_id", "split", "dx") if c in catalogue.columns]
    table = catalogue[columns].reset_index(drop=True)
    table["y_true"] = table["dx"].map(CLASS_INDEX).astype(int)
    table[[f"p_{dx}" for dx in CLASSES]] = probability
    return table
