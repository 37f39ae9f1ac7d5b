"""Scores of subgroups: by age, sex, site, how the diagnosis was made, and cohort."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.core import MALIGNANT
from helpers.evaluation.single_scores import accuracy, malignant_auc
from helpers.statistics import Estimate, difference, difference_of_independent

Measure = Callable[[pd.DataFrame], Estimate]

AGE_BANDS: dict[str, tuple[float, float]] = {
    "under 30": (-np.inf, 30),
    "30 to 44": (30, 45),
    "45 to 59": (45, 60),
    "60 to 74": (60, 75),
    "75 and over": (75, np.inf),
}
"""Years from (included) and to (not included). The ages of HAM10000 are multiples of five."""

SUBGROUPS: dict[str, str] = {
    "age": "age",
    "sex": "sex",
    "localization": "site",
    "dx_type": "diagnosis by",
    "dataset": "cohort",
}
"""Columns of a catalogue that make subgroups, and what tables call them."""

LEAST_LESIONS = 20
"""Lesions below which no score is given. The 95 % interval of a share of one half is then wider
than ±0.2 (Wilson): it could be nearly anything, and reading it would be reading noise."""

LEAST_OF_A_KIND = 10
"""Malignant and benign lesions, of each, below which no score of the two kinds is given."""

OF_TWO_KINDS = ("malignant_auc", "roc_auc", "average_precision", "recall", "specificity")
"""Scores that need malignant lesions and benign ones."""

UNKNOWN = "unknown"

MEASURES: dict[str, Measure] = {"accuracy": accuracy, "malignant_auc": malignant_auc}
"""Scores that subgroups of unlike diagnoses all have. Balanced accuracy is left out on purpose: a
subgroup without a class averages over fewer, and fewer classes are easier."""


def subgroup_of(catalogue: pd.DataFrame, column: str) -> pd.Series:
    """Subgroup of each image by a column of the catalogue.

    Parameters
    ----------
    catalogue : DataFrame
        With the column.
    column : str
        A key of `SUBGROUPS`; ages go into `AGE_BANDS`.

    Returns
    -------
    Series of str
        "unknown" where the value is missing.

    Raises
    ------
    ValueError
        If the column is none of `SUBGROUPS`, or missing.
    """
    if column not in SUBGROUPS or column not in catalogue.columns:
        raise ValueError(
            f"expected a column of the catalogue among {', '.join(SUBGROUPS)} but got {column!r}; "
            "pass the catalogue that the images come from"
        )
    values = catalogue[column]
    if column == "age":
        ages = values.to_numpy(dtype=float)
        bands = [(ages >= low) & (ages < high) for low, high in AGE_BANDS.values()]
        return pd.Series(np.select(bands, list(AGE_BANDS), UNKNOWN), catalogue.index)
    return values.fillna("").astype(str).replace("", UNKNOWN)


def subgroup_scores(
    predictions: pd.DataFrame,
    catalogue: pd.DataFrame,
    columns: Sequence[str] = tuple(SUBGROUPS),
    measures: Mapping[str, Measure] = MEASURES,
) -> pd.DataFrame:
    """Scores of each subgroup beside those of all images.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    catalogue : DataFrame
        With ``image_id`` and the columns.
    columns : sequence of str
        Keys of `SUBGROUPS`; a column with a single value is left out.
    measures : mapping of str to callable
        Each gives one score of a table of predictions; by default accuracy and malignant AUC.

    Returns
    -------
    DataFrame
        A row for all images and one a subgroup, the largest of a column first: ``by`` and
        ``group``; ``images``, ``lesions`` and ``malignant`` (lesions); an `Estimate` a score;
        ``gap``, the first score less that of all images outside the subgroup, with the interval
        of two independent scores; and ``word``: "" where all could be scored, "too few lesions"
        below `LEAST_LESIONS`, where every score is NaN, and "too few of a kind" where malignant
        or benign lesions are fewer than `LEAST_OF_A_KIND` and the scores of `OF_TWO_KINDS` are
        NaN. The n stands in the row all the same.

    Raises
    ------
    ValueError
        If an image is not in the catalogue, or a column is no key of `SUBGROUPS`.
    """
    facts = catalogue.set_index("image_id")
    missing = predictions.loc[~predictions["image_id"].isin(facts.index), "image_id"]
    if len(missing):
        raise ValueError(
            f"expected every image in the catalogue but {len(missing)} are not "
            f"({', '.join(missing[:5])}); pass the catalogue that was predicted"
        )
    facts = facts.loc[predictions["image_id"]].reset_index()
    table = predictions.reset_index(drop=True)
    rows = [_row("all", "all images", table, table.iloc[:0], measures)]
    for column in columns:
        groups = subgroup_of(facts, column)
        if groups.nunique() < 2:
            continue
        names = list(AGE_BANDS) if column == "age" else list(groups.value_counts().index)
        if column == "age":
            names = [name for name in [*names, UNKNOWN] if (groups == name).any()]
        for name in names:
            inside = (groups == name).to_numpy()
            rows.append(_row(SUBGROUPS[column], name, table[inside], table[~inside], measures))
    return pd.DataFrame(rows)


def _lesions(table: pd.DataFrame) -> tuple[int, int]:
    lesions = table.drop_duplicates("lesion_id")
    return len(lesions), int(lesions["dx"].isin(MALIGNANT).sum())


def _row(
    by: str,
    group: str,
    table: pd.DataFrame,
    rest: pd.DataFrame,
    measures: Mapping[str, Measure],
) -> dict[str, Any]:
    n_lesions, n_malignant = _lesions(table)
    found = {name: _measured(table, name, measure) for name, measure in measures.items()}
    name, measure = next(iter(measures.items()))
    row: dict[str, Any] = {"by": by, "group": group, "images": len(table)}
    row |= {"lesions": n_lesions, "malignant": n_malignant, **found}
    row["gap"] = difference_of_independent(found[name], _measured(rest, name, measure))
    row["word"] = ""
    if n_lesions < LEAST_LESIONS:
        row["word"] = "too few lesions"
    elif min(n_malignant, n_lesions - n_malignant) < LEAST_OF_A_KIND:
        row["word"] = "too few of a kind"
    return row


def _measured(table: pd.DataFrame, name: str, measure: Measure) -> Estimate:
    n_lesions, n_malignant = _lesions(table)
    of_a_kind = min(n_malignant, n_lesions - n_malignant)
    if n_lesions < LEAST_LESIONS or (name in OF_TWO_KINDS and of_a_kind < LEAST_OF_A_KIND):
        return Estimate(np.nan, np.nan, np.nan, len(table))
    return measure(table)


def standing_out(table: pd.DataFrame) -> list[str]:
    """Subgroups whose first score is told apart from that of all other images, as phrases.

    Parameters
    ----------
    table : DataFrame
        As of `subgroup_scores`.

    Returns
    -------
    list of str
        Such as "age 75 and over (lower, −0.12)", each by its own interval.
    """
    found = []
    for row in table.to_dict("records"):
        word = difference(row["gap"])
        if word != "no difference shown":
            value = f"{row['gap'].value:+.2f}".replace("-", "−")
            found.append(f"{row['by']} {row['group']} ({word}, {value})")
    return found
