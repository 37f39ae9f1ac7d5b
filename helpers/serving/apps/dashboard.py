"""What the dashboard shows of a metadata table: filters, counts and the table to take away."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.core import CLASSES
from helpers.dataset import AGE_RANGE, METADATA_COLUMNS
from helpers.serving.uploads import UNKNOWN, Metadata, defused, risky_cells

MOST_VALUES = 20
"""How many values of a column are listed; the rest is counted together."""

REST = "\N{HORIZONTAL ELLIPSIS}"
"""Stands for all values that are not listed."""

AGE_STEP = 5


@dataclass(frozen=True)
class Filters:
    """Which rows to keep.

    Attributes
    ----------
    dx, sex, localization : tuple of str
        Values to keep; empty keeps all.
    ages : tuple of int
        Years, both ends included.
    without_age : bool
        Whether rows without an age are kept.
    """

    dx: tuple[str, ...] = ()
    sex: tuple[str, ...] = ()
    localization: tuple[str, ...] = ()
    ages: tuple[int, int] = AGE_RANGE
    without_age: bool = True


def filter_rows(rows: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """Rows that pass all filters.

    Parameters
    ----------
    rows : DataFrame
        Of :class:`helpers.serving.uploads.metadata_tables.Metadata`.
    filters : Filters

    Returns
    -------
    DataFrame
        In the same order, with the same index.
    """
    keep = np.ones(len(rows), dtype=bool)
    for name in ("dx", "sex", "localization"):
        wanted: tuple[str, ...] = getattr(filters, name)
        if wanted:
            keep &= rows[name].isin(wanted).to_numpy()
    low, high = filters.ages
    age = rows["age"].to_numpy()
    keep &= np.where(np.isnan(age), filters.without_age, (age >= low) & (age <= high))
    return rows[keep]


def values_of(rows: pd.DataFrame, column: str) -> list[str]:
    """Values to choose from: known classes in their order, else the most frequent first.

    ``UNKNOWN`` comes last, and no more than ``MOST_VALUES`` are listed.
    """
    counts = rows[column].value_counts()
    found = [str(value) for value in counts[counts > 0].index]
    if column == "dx":
        found.sort(key=lambda dx: CLASSES.index(dx) if dx in CLASSES else len(CLASSES))
    listed = [value for value in found if value != UNKNOWN][:MOST_VALUES]
    return listed + [UNKNOWN] * (UNKNOWN in found)


def _lesions(rows: pd.DataFrame, groups: pd.Series) -> pd.Series:
    """Number of different named lesions in each group."""
    named = rows["lesion_id"] != ""
    pairs = pd.DataFrame({"group": groups[named], "lesion": rows["lesion_id"][named]})
    return pairs.drop_duplicates()["group"].value_counts()


def count_lesions(rows: pd.DataFrame) -> int:
    """Number of different named lesions."""
    return int(rows.loc[rows["lesion_id"] != "", "lesion_id"].nunique())


def count_by(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Images and lesions for each value of a column.

    Parameters
    ----------
    rows : DataFrame
    column : {"dx", "sex", "localization"}

    Returns
    -------
    DataFrame
        Columns ``value``, ``images`` and ``lesions``. The most frequent value is first, then
        ``REST`` where values were left out, and ``UNKNOWN`` is last. A lesion that is counted
        under two values is counted twice.
    """
    images = rows[column].value_counts()
    images = images[images > 0]
    order = [str(value) for value in images.index if value != UNKNOWN]
    listed, left = order[:MOST_VALUES], order[MOST_VALUES:]
    groups = rows[column].astype(object)
    if left:
        groups = groups.where(~rows[column].isin(left), REST)
        images = groups.value_counts()
    lesions = _lesions(rows, groups)
    names = listed + [REST] * bool(left) + [UNKNOWN] * (UNKNOWN in images.index)
    return pd.DataFrame(
        {
            "value": names,
            "images": [int(images[name]) for name in names],
            "lesions": [int(lesions.get(name, 0)) for name in names],
        }
    )


def count_ages(rows: pd.DataFrame) -> tuple[pd.DataFrame, int, int]:
    """Images and lesions in steps of ``AGE_STEP`` years.

    Returns
    -------
    counts : DataFrame
        Columns ``low`` (first year of the step), ``images`` and ``lesions``; every step from
        the youngest to the oldest, empty ones too.
    images, lesions : int
        Those without an age.
    """
    known = rows[rows["age"].notna()]
    missing = rows[rows["age"].isna()]
    steps = (known["age"] // AGE_STEP * AGE_STEP).astype(int)
    images, lesions = steps.value_counts(), _lesions(known, steps)
    first, last = (int(steps.min()), int(steps.max())) if len(steps) else (0, -1)
    lows = list(range(first, last + 1, AGE_STEP))
    counts = pd.DataFrame(
        {
            "low": lows,
            "images": [int(images.get(low, 0)) for low in lows],
            "lesions": [int(lesions.get(low, 0)) for low in lows],
        }
    )
    return counts, len(missing), count_lesions(missing)


def table_csv(metadata: Metadata, rows: pd.DataFrame) -> bytes:
    """The rows as a CSV file that a spreadsheet shows as text and nothing else.

    Parameters
    ----------
    metadata : Metadata
        Says whether there is the column ``dataset``.
    rows : DataFrame
        Rows of it.

    Returns
    -------
    bytes
        UTF-8. An apostrophe is put before each cell that begins like a formula. A missing age
        is an empty cell, as in the published table.
    """
    columns = [*METADATA_COLUMNS, *(["dataset"] if metadata.has_dataset else [])]
    safe = rows[columns].copy()
    for name in columns:
        values = safe[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            safe[name] = values.map(defused, na_action="ignore")  # each category once
        elif name != "age":
            safe[name] = values.where(~risky_cells(values), "'" + values)
    buffer = io.BytesIO()
    # Both characters of the line's end are quoted in cells, so that none breaks a row in two.
    safe.to_csv(buffer, index=False, lineterminator="\r\n")
    return buffer.getvalue()
