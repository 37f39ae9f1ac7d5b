"""Reading an uploaded metadata table in the layout of HAM10000, whatever it turns out to be."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from helpers.core import CLASSES, DermBookError, name_some
from helpers.dataset import AGE_RANGE, METADATA_COLUMNS
from helpers.sample import COLUMNS as DRAWN_COLUMNS
from helpers.sample import plan_sample
from helpers.serving.uploads.formula_injection import are_formulas

MAX_BYTES = 25_000_000
MAX_ROWS = 2_000_000
MAX_HEADER = 64_000
"""Bytes of a first line; the published one has 68."""

UNKNOWN = "unknown"
"""What the published table writes for a missing sex or site; here for every missing text."""

_MISSING = ("", "na", "nan", "null", "none", "unknown")
_TEXTS = ("dx", "dx_type", "sex", "localization", "dataset")
_ENGLISH = {
    "table_empty": "expected a table but the file is empty; export it again",
    "table_too_large": (
        "expected at most {limit_mb} MB but got {mb} MB; take out the columns and rows that are "
        "not needed"
    ),
    "table_html": "expected comma-separated text but got a web page; download the file itself",
    "table_spreadsheet": (
        "expected comma-separated text but got a spreadsheet or an archive; save it as CSV"
    ),
    "table_binary": "expected comma-separated text but got binary data; save the table as CSV",
    "table_encoding": "expected UTF-8 text but got another encoding; save it as CSV UTF-8",
    "table_columns": "expected the columns {expected} but {missing} missing (got {got})",
    "table_repeated": "expected each column once but got more than one {names}",
    "table_ragged": "expected {expected} cells in every line but not so in {lines}",
    "table_no_rows": "expected a row for each image but there is only the first line",
    "table_too_many_rows": "expected at most {limit} rows but got {rows}",
    "table_unreadable": "expected comma-separated text but got: {detail}",
}


class TableError(DermBookError):
    """A table that cannot be shown.

    Parameters
    ----------
    code : str
        Names the text; the faces of the app say it in their languages.
    fields : mapping, optional
        What the text has to fill in.
    """

    def __init__(self, code: str, fields: Mapping[str, Any] | None = None) -> None:
        self.code = code
        self.fields = dict(fields or {})
        super().__init__(_ENGLISH[code].format(**self.fields))


@dataclass(frozen=True)
class Note:
    """Something odd but harmless: a code that names the text, and its fields."""

    code: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Metadata:
    """A table that was read.

    Attributes
    ----------
    rows : DataFrame
        ``METADATA_COLUMNS`` and ``dataset``. Texts are categories, with ``UNKNOWN`` where one
        is missing; ids are texts, "" where missing; ``age`` is float, NaN where missing or no age.
    notes : tuple of Note
        What is odd.
    has_dataset : bool
        Whether there were eight columns.
    """

    rows: pd.DataFrame
    notes: tuple[Note, ...] = ()
    has_dataset: bool = False


def _as_utf8(data: bytes) -> bytes:
    """The bytes as UTF-8 without a mark; refuses what is not text."""
    if not data.strip():
        raise TableError("table_empty")
    if len(data) > MAX_BYTES:
        # Rounded up: a file a little over the limit is not said to be of the limit's size.
        mb = -(-len(data) // 100_000) / 10
        raise TableError("table_too_large", {"limit_mb": MAX_BYTES // 1_000_000, "mb": f"{mb:.1f}"})
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        raise TableError("table_spreadsheet")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise TableError("table_encoding") from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip()[:1] == b"<":
        raise TableError("table_html")
    if b"\0" in data:
        raise TableError("table_binary")
    try:
        data.decode()
    except UnicodeDecodeError:
        # Text in an older encoding is mostly printable; pictures and the like are not.
        control = sum(byte < 9 for byte in data[:4096])
        raise TableError("table_binary" if control > 4 else "table_encoding") from None
    return data


def _read_header(data: bytes) -> tuple[list[str], str, int]:
    """Names of the columns, what divides them, and where the first row begins."""
    end = data.find(b"\n")
    end = len(data) if end < 0 else end
    first = data[: min(end, MAX_HEADER)].decode(errors="replace").rstrip("\r")
    best: list[str] = []
    separator = ","
    for candidate in (",", ";", "\t"):
        try:
            cells = next(csv.reader(io.StringIO(first), delimiter=candidate), [])
        except csv.Error:
            continue
        names = [name.strip().casefold() for name in cells]
        if (
            len(set(names) & set(METADATA_COLUMNS)) > len(set(best) & set(METADATA_COLUMNS))
            or not best
        ):
            best, separator = names, candidate
    missing = [name for name in METADATA_COLUMNS if name not in best]
    if missing:
        shown = [name[:30] or "''" for name in best]
        raise TableError(
            "table_columns",
            {
                "expected": ", ".join(METADATA_COLUMNS),
                "missing": ", ".join(missing),
                "got": name_some(shown, 10),
            },
        )
    wanted = (*METADATA_COLUMNS, "dataset")
    repeated = [name for name in wanted if best.count(name) > 1]
    if repeated:
        raise TableError("table_repeated", {"names": ", ".join(repeated)})
    return best, separator, end + 1


def _parse(data: bytes, names: list[str], separator: str, start: int) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    wanted = [name for name in (*METADATA_COLUMNS, "dataset") if name in names]
    # Other columns only have to be told apart; nothing reads them.
    unique = [name if name in wanted else f"other {i}" for i, name in enumerate(names)]
    ragged: list[int] = []

    def note_ragged(row: Any) -> str:
        ragged.append(row.number)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(memoryview(data)[start:]),
            read_options=arrow_csv.ReadOptions(column_names=unique, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=note_ragged
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted,
                column_types={name: pa.string() for name in wanted},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise TableError("table_no_rows") from None
        raise TableError("table_unreadable", {"detail": str(error)[:200]}) from None
    if ragged:
        fields = {"expected": len(names), "lines": name_some((n + 1 for n in ragged), 5)}
        raise TableError("table_ragged", fields)
    if table.num_rows == 0:
        raise TableError("table_no_rows")
    if table.num_rows > MAX_ROWS:
        fields = {"limit": f"{MAX_ROWS:,}", "rows": f"{table.num_rows:,}"}
        raise TableError("table_too_many_rows", fields)
    return pd.DataFrame({name: table[name].to_pandas() for name in wanted})


def _category(values: pd.Series) -> pd.Series:
    """Texts as categories, blanks taken off and missing ones named."""
    coded = values.astype("category")
    clean = [str(text).strip() for text in coded.cat.categories]
    clean = [UNKNOWN if text.casefold() in _MISSING else text for text in clean]
    kept = sorted(set(clean))
    places = {text: place for place, text in enumerate(kept)}
    codes = np.array([places[text] for text in clean], dtype=np.int32)[coded.cat.codes]
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(kept)), index=values.index)


def _ages(values: pd.Series) -> tuple[pd.Series, int]:
    """Ages in years, NaN where there is none, and how many were written but are no ages."""
    coded = values.astype("category")
    low, high = AGE_RANGE
    texts = pd.Series(coded.cat.categories.astype(str)).str.strip()
    years = pd.to_numeric(texts, errors="coerce").astype(float)
    usable = years.between(low, high)
    odd = ~usable & ~texts.str.casefold().isin(_MISSING)
    codes = coded.cat.codes.to_numpy()
    return (
        pd.Series(years.where(usable).to_numpy()[codes], index=values.index),
        int(odd.to_numpy()[codes].sum()),
    )


def risky_cells(values: pd.Series) -> pd.Series:
    """Which texts a spreadsheet may take for a formula; bool, of the same length."""
    return are_formulas(values.astype(str))


def _notes(raw: pd.DataFrame, rows: pd.DataFrame, names: list[str], odd_ages: int) -> list[Note]:
    notes = []
    extra = [name[:30] for name in names if name not in (*METADATA_COLUMNS, "dataset")]
    if extra:
        notes.append(Note("extra_columns", {"names": name_some(extra, 5)}))
    strange = [dx for dx in rows["dx"].cat.categories if dx not in (*CLASSES, UNKNOWN)]
    if strange:
        n = int(rows["dx"].isin(strange).sum())
        fields = {"n": f"{n:,}", "names": name_some((name[:30] for name in strange), 5)}
        notes.append(Note("unknown_diagnoses", fields))
    if odd_ages:
        notes.append(Note("odd_ages", {"n": f"{odd_ages:,}"}))
    named = rows["image_id"][rows["image_id"] != ""]
    if repeated := int(named.duplicated().sum()):
        notes.append(Note("repeated_images", {"n": f"{repeated:,}"}))
    formulas = sum(int(risky_cells(raw[name]).sum()) for name in raw if name != "age")
    if formulas:
        notes.append(Note("formulas", {"n": f"{formulas:,}"}))
    return notes


def read_table(data: bytes) -> Metadata:
    """Read an uploaded table.

    Parameters
    ----------
    data : bytes
        Text in UTF-8 or UTF-16, divided by commas, semicolons or tabs, with the seven or eight
        columns of HAM10000 in any order. Other columns are left out, with a note.

    Returns
    -------
    Metadata

    Raises
    ------
    TableError
        If it is no such table, is too large, or lines have too many or too few cells.
    """
    data = _as_utf8(data)
    names, separator, start = _read_header(data)
    raw = _parse(data, names, separator, start)
    rows = pd.DataFrame(index=raw.index)
    for name in ("lesion_id", "image_id"):
        rows[name] = raw[name].astype(str).str.strip()
    for name in ("dx", "dx_type"):
        rows[name] = _category(raw[name])
    rows["age"], odd_ages = _ages(raw["age"])
    for name in ("sex", "localization"):
        rows[name] = _category(raw[name])
    given = raw["dataset"] if "dataset" in raw else pd.Series("", index=raw.index)
    rows["dataset"] = _category(given)
    return Metadata(rows, tuple(_notes(raw, rows, names, odd_ages)), "dataset" in raw)


@lru_cache(maxsize=1)
def drawn_table() -> Metadata:
    """The metadata of the drawn sample, which the dashboard shows before anything is uploaded."""
    plan = plan_sample(600, 0)[list(DRAWN_COLUMNS)]
    return read_table(plan.to_csv(index=False, lineterminator="\n").encode())
