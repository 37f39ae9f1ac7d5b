"""The metadata table of HAM10000: reading it, its schema, and everything wrong with it at once."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pandas as pd

from helpers.core import CLASSES, DataError, read_bytes
from helpers.dataset.layout import Layout, short_name

METADATA_COLUMNS = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
SEXES = ("female", "male", "unknown")
DX_TYPES = ("confocal", "consensus", "follow_up", "histo")
LOCALIZATIONS = (
    "abdomen", "acral", "back", "chest", "ear", "face", "foot", "genital", "hand",
    "lower extremity", "neck", "scalp", "trunk", "unknown", "upper extremity",
)  # fmt: skip
AGE_RANGE = (0, 120)
SHOWN = 20
"""How many names a problem lists."""

_MISSING = ("", "NA", "NaN", "nan", "null", "None")


def name_some(names: Iterable[Any], shown: int = SHOWN) -> str:
    """Join names with commas, cut after ``shown`` with the number that is left.

    >>> name_some(["a", "b", "c"], shown=2)
    'a, b ... and 1 more'
    """
    listed = [str(name) for name in names]
    text = ", ".join(listed[:shown])
    return text + (f" ... and {len(listed) - shown} more" if len(listed) > shown else "")


@lru_cache(maxsize=1)
def metadata_schema() -> Any:
    """The pandera schema of the table, after missing values were filled in.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        Each check's ``error`` says what was expected and what to do.
    """
    import pandera.pandas as pa  # seconds to import: only where a table is read

    def one_of(values: tuple[str, ...]) -> Any:
        return pa.Check.isin(values, error=f"one of {', '.join(values)}")

    low, high = AGE_RANGE
    text = pa.Check.str_length(min_value=1, error="a name")
    one_row = pa.Check(lambda ids: ~ids.duplicated(keep=False), error="one row for each image_id")
    return pa.DataFrameSchema(
        {
            "lesion_id": pa.Column(str, text),
            "image_id": pa.Column(str, [text, one_row]),
            "dx": pa.Column(str, one_of(CLASSES)),
            "dx_type": pa.Column(str, one_of(DX_TYPES)),
            "age": pa.Column(
                float,
                pa.Check.in_range(low, high, error=f"years from {low} to {high}, or nothing"),
                nullable=True,
            ),
            "sex": pa.Column(str, one_of(SEXES)),
            "localization": pa.Column(str, one_of(LOCALIZATIONS)),
            "dataset": pa.Column(str),
        },
        strict=True,
    )


_WAYS_OUT = {
    "dx": "take out the rows (they are not part of HAM10000) or correct the code",
    "image_id": "keep one row of each image",
    "age": "correct the age, or leave it empty",
}


def _read_table(locator: str) -> pd.DataFrame:
    data = read_bytes(locator)
    first_line = data.split(b"\n", 1)[0]
    separator = "\t" if b"\t" in first_line else ","
    table = pd.read_csv(
        io.BytesIO(data), sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig"
    )
    table.columns = [str(column).strip() for column in table.columns]
    return table


def _choose_table(layout: Layout) -> tuple[pd.DataFrame, str, list[str]]:
    """The table to use, its name, and a note where there were several."""
    tables, problems = [], []
    for entry in layout.metadata:
        name = short_name(entry.locator, layout.root)
        try:
            tables.append((_read_table(entry.locator), name))
        except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
            problems.append(
                f"{name}: expected a table of comma-separated text but got {str(error).strip()}; "
                "fetch it again"
            )
    if not tables:
        missing = "expected a table named HAM10000_metadata or HAM10000_metadata.csv; add it"
        raise DataError(problems or missing, where=str(layout.root))

    def rank(pair: tuple[pd.DataFrame, str]) -> tuple[Any, ...]:
        columns = set(pair[0].columns)
        return (
            -len(columns & set(METADATA_COLUMNS)),
            "dataset" not in columns,
            len(pair[1]),
            pair[1],
        )

    tables.sort(key=rank)
    table, name = tables[0]
    notes = [f"{problem}; not used" for problem in problems]
    if len(tables) > 1:
        others = name_some(other for _, other in tables[1:])
        notes.append(f"metadata is read from {name}; not from {others}")
    return table, name, notes


def _normalise(table: pd.DataFrame) -> pd.DataFrame:
    """Strip blanks, name what is missing, and make ages numbers (NaN where missing)."""
    clean = pd.DataFrame(index=table.index)
    for column in (*METADATA_COLUMNS, "dataset"):
        values = table[column] if column in table else pd.Series("", index=table.index)
        clean[column] = values.astype(str).str.strip()
    for column in ("sex", "localization"):
        clean[column] = clean[column].mask(clean[column].isin(_MISSING), "unknown")
    ages = clean["age"].mask(clean["age"].isin(_MISSING))
    numbers = pd.to_numeric(ages, errors="coerce").astype(float)
    clean["age"] = numbers.mask(ages.notna() & numbers.isna(), float("inf"))
    return clean


def _schema_problems(clean: pd.DataFrame, table: pd.DataFrame, name: str) -> list[str]:
    import pandera.errors

    try:
        metadata_schema().validate(clean, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    problems = []
    for (column, expected), found in cases.groupby(["column", "check"], sort=False):
        rows = sorted(int(index) for index in found["index"].dropna())
        if not rows:
            problems.append(f"{name}: column {column}: {expected}")
            continue
        values = table[column].iloc[rows]
        if column == "image_id":
            named = [f"{value or 'empty'} (line {row + 2})" for row, value in
                     zip(rows, values, strict=True)]  # fmt: skip
            got = name_some(named)
        else:
            ids = table["image_id"].iloc[rows]
            named = [f"{image_id} (line {row + 2})" for row, image_id in
                     zip(rows, ids, strict=True)]  # fmt: skip
            kinds = name_some([repr(value) for value in dict.fromkeys(values)], shown=5)
            got = f"{kinds} in {name_some(named)}"
        noun = "row" if len(rows) == 1 else "rows"
        way_out = _WAYS_OUT.get(str(column), "correct the value")
        problems.append(
            f"{name}: {len(rows):,} {noun}: {column}: expected {expected} but got {got}; {way_out}"
        )
    return problems


def _lesion_problems(clean: pd.DataFrame, name: str) -> list[str]:
    named = clean[clean["lesion_id"] != ""]
    pairs = named[["lesion_id", "dx"]].drop_duplicates()
    torn = pairs[pairs.duplicated("lesion_id", keep=False)]
    if torn.empty:
        return []
    both = torn.groupby("lesion_id", sort=True)["dx"].agg(lambda dx: " and ".join(sorted(dx)))
    listed = name_some(f"{lesion_id} ({dx})" for lesion_id, dx in both.items())
    noun = "lesion has" if len(both) == 1 else "lesions have"
    return [f"{name}: {len(both):,} {noun} more than one dx: {listed}; correct dx or lesion_id"]


def read_metadata(layout: Layout) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Read the metadata table of a source.

    Parameters
    ----------
    layout : Layout
        Of :func:`helpers.dataset.layout.list_layout`. Of several tables the one with the column
        ``dataset`` is read.

    Returns
    -------
    table : DataFrame
        Columns ``METADATA_COLUMNS`` and ``dataset`` ("" where absent); ``age`` is float with NaN.
    problems : list of str
        Everything that is wrong with values, for the caller to raise with its own.
    notes : list of str
        What is odd but harmless.

    Raises
    ------
    DataError
        If there is no table that can be read, it has no rows, or columns are missing.
    """
    table, name, notes = _choose_table(layout)
    missing = [column for column in METADATA_COLUMNS if column not in table]
    if missing:
        raise DataError(
            f"{name}: expected the columns {', '.join(METADATA_COLUMNS)} but {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing (got {name_some(table.columns)}); "
            "use the metadata table of HAM10000",
            where=str(layout.root),
        )
    if table.empty:
        raise DataError(
            f"{name}: expected a row for each image but the table is empty; fetch it again",
            where=str(layout.root),
        )
    clean = _normalise(table)
    problems = _schema_problems(clean, table, name) + _lesion_problems(clean, name)
    return clean, problems, notes
