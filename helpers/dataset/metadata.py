"""The metadata of a source: its columns, its schema, and everything wrong with it at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd

from helpers.core import HAM10000_CLASSES, name_some
from helpers.dataset.vocabulary import is_unknown, sex_word

METADATA_COLUMNS = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
SEXES = ("female", "male", "unknown")
DX_TYPES = ("confocal", "consensus", "follow_up", "histo")
LOCALIZATIONS = (
    "abdomen", "acral", "back", "chest", "ear", "face", "foot", "genital", "hand",
    "lower extremity", "neck", "scalp", "trunk", "unknown", "upper extremity",
)  # fmt: skip
AGE_RANGE = (0, 120)


@lru_cache(maxsize=8)
def metadata_schema(classes: tuple[str, ...] = HAM10000_CLASSES, strict: bool = True) -> Any:
    """The pandera schema of the table, after missing values were filled in.

    Parameters
    ----------
    classes : tuple of str, default=HAM10000_CLASSES
        The diagnoses that may stand in it.
    strict : bool, default=True
        Whether proofs and sites have to be words of HAM10000.

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
            "dx": pa.Column(str, one_of(classes)),
            "dx_type": pa.Column(str, one_of(DX_TYPES) if strict else text),
            "age": pa.Column(
                float,
                pa.Check.in_range(low, high, error=f"years from {low} to {high}, or nothing"),
                nullable=True,
            ),
            "sex": pa.Column(str, one_of(SEXES)),
            "localization": pa.Column(str, one_of(LOCALIZATIONS) if strict else text),
            "dataset": pa.Column(str),
        },
        strict=True,
    )


_WAYS_OUT = {
    "dx": "take out the rows (they are not part of HAM10000) or correct the code",
    "image_id": "keep one row of each image",
    "age": "correct the age, or leave it empty",
}
_NOT_STRICT = {"dx": "correct the name, or say what it means in a mapping (dermbook data inspect)"}


def clean_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Strip blanks, name what is missing, and make ages numbers (NaN where missing).

    Parameters
    ----------
    rows : DataFrame of str
        Some of ``METADATA_COLUMNS`` and ``dataset``.

    Returns
    -------
    DataFrame
        All of them. An age that is no number is infinite, for `value_problems` to find.
    """
    clean = pd.DataFrame(index=rows.index)
    for column in (*METADATA_COLUMNS, "dataset"):
        values = rows[column] if column in rows else pd.Series("", index=rows.index)
        clean[column] = values.astype(str).str.strip()
    clean["sex"] = clean["sex"].map({text: sex_word(text) for text in clean["sex"].unique()})
    for column in ("localization", "age"):
        missing = [text for text in clean[column].unique() if is_unknown(text)]
        clean[column] = clean[column].mask(clean[column].isin(missing), "unknown")
    ages = clean["age"].mask(clean["age"] == "unknown")
    numbers = pd.to_numeric(ages.str.replace(",", "."), errors="coerce").astype(float)
    clean["age"] = numbers.mask(ages.notna() & numbers.isna(), float("inf"))
    return clean


def value_problems(
    clean: pd.DataFrame,
    raw: pd.DataFrame,
    *,
    classes: tuple[str, ...] = HAM10000_CLASSES,
    strict: bool = True,
) -> list[str]:
    """Everything that is wrong with values, a sentence each.

    Parameters
    ----------
    clean : DataFrame
        Of `clean_rows`, with its codes.
    raw : DataFrame
        The same rows as written, with ``where`` ("line 3"), and ``table``, the name of the file.
    classes, strict
        See `metadata_schema`.
    """
    import pandera.errors

    try:
        metadata_schema(classes, strict).validate(clean, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    problems = []
    for (column, expected), found in cases.groupby(["column", "check"], sort=False):
        rows = sorted(int(index) for index in found["index"].dropna())
        if not rows:
            problems.append(f"column {column}: {expected}")
            continue
        written = raw.iloc[rows]
        ids = written["image_id"].where(written["image_id"] != "", "empty")
        named = [f"{name} ({line})" for name, line in zip(ids, written["where"], strict=True)]
        got = name_some(named)
        if column != "image_id":
            values = written[column] if column in written else clean[column].iloc[rows]
            kinds = name_some([repr(value) for value in dict.fromkeys(values)], shown=5)
            got = f"{kinds} in {got}"
        noun = "row" if len(rows) == 1 else "rows"
        ways = _WAYS_OUT if strict else _WAYS_OUT | _NOT_STRICT
        way_out = ways.get(str(column), "correct the value")
        table = written["table"].iloc[0]
        problems.append(
            f"{table}: {len(rows):,} {noun}: {column}: expected {expected} but got {got}; {way_out}"
        )
    return problems


def lesion_problems(clean: pd.DataFrame, name: str) -> list[str]:
    """Lesions with more than one diagnosis, in one sentence."""
    named = clean[clean["lesion_id"] != ""]
    pairs = named[["lesion_id", "dx"]].drop_duplicates()
    torn = pairs[pairs.duplicated("lesion_id", keep=False)]
    if torn.empty:
        return []
    both = torn.groupby("lesion_id", sort=True)["dx"].agg(lambda dx: " and ".join(sorted(dx)))
    listed = name_some(f"{lesion_id} ({dx})" for lesion_id, dx in both.items())
    noun = "lesion has" if len(both) == 1 else "lesions have"
    return [f"{name}: {len(both):,} {noun} more than one dx: {listed}; correct dx or lesion_id"]
