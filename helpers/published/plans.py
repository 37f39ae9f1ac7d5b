"""What the screening system's authors planned to do next, and where this book has it."""

from __future__ import annotations

import pandas as pd

from helpers.core import PUBLISHED, DataError
from helpers.published.numbers import read_published

PLAN_COLUMNS = ("kind", "plan", "here", "where")
HERE = ("yes", "partly", "no")


def screening_plans() -> pd.DataFrame:
    """The published list of plans, as far as it can be read, beside this book.

    Returns
    -------
    DataFrame of str
        A row a plan, in the published order: ``kind`` ("model", "functions", "delivery" or
        "use"), ``plan``, ``here`` ("yes", "partly" or "no") and ``where``: chapters and commands,
        or what is missing; may be empty where there is nothing.

    Raises
    ------
    DataError
        If the file has other columns or another answer.
    """
    name = "screening_plans.csv"
    table = read_published(name, dtype=str, keep_default_na=False)
    if tuple(table.columns) != PLAN_COLUMNS or not table["here"].isin(HERE).all():
        raise DataError(
            f"{PUBLISHED / name}: expected the columns {', '.join(PLAN_COLUMNS)} and "
            f"{', '.join(HERE)} under 'here' but got "
            f"{', '.join(table.columns)} and {', '.join(table.get('here', []))}"
        )
    return table
