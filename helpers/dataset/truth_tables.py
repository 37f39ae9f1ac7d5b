"""Truth tables of labelled images: the ISIC challenge's one-hot columns, or HAM10000's metadata.

The challenge's table has a column ``image`` and one for each of seven classes, of which exactly one
is 1 in each row; HAM10000's has ``image_id`` and ``dx``. Both become one DataFrame. Other columns
(cohort, sex, score_weight) are kept as text. A second table may bring more of them.
"""

from __future__ import annotations

import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.core import ARCHIVE_MARK, CLASS_INDEX, CLASSES, DataError, name_some, read_bytes
from helpers.dataset.picture_names import stem_of
from helpers.dataset.tables import TableError, read_text_table
from helpers.dataset.vocabulary import diagnosis_code, is_unknown

CHALLENGE_CLASSES: tuple[str, ...] = ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc")
"""Classes in the order of the ISIC 2018 challenge's columns, which are in upper case there."""

CHALLENGE_COLUMNS: tuple[str, ...] = ("image", *(dx.upper() for dx in CHALLENGE_CLASSES))
"""Columns of a truth table and of a submission of the challenge's task 3."""

IMAGE_COLUMNS = ("image_id", "image", "isic_id")
"""What the column with the images' names may be called, in any case."""

WEIGHT = "score_weight"
"""The challenge's column of weights: rows with 0 are not scored."""

_SHOWN = 5


@dataclass(frozen=True)
class TruthTable:
    """What is known of the images of a labelled folder.

    Attributes
    ----------
    rows : DataFrame
        A row an image, in the table's order, with a RangeIndex: ``image_id`` (without ending),
        ``lesion_id`` (that of the image where unknown), ``dx``, ``y_true`` (index of ``dx`` in
        `CLASSES`), and the other columns of the tables as text.
    layout : {"challenge", "ham10000"}
        How the table is laid out.
    lesions_known : bool
        Whether lesions are known, of all images or of some. Where not, each image counts as one.
    notes : tuple of str
        What is odd but harmless, one sentence each.
    """

    rows: pd.DataFrame
    layout: Literal["challenge", "ham10000"]
    lesions_known: bool
    notes: tuple[str, ...] = ()


def image_name(text: str) -> str:
    """A picture's name without blanks around it, without folders and without its ending.

    Letters with marks are one character each, however a system writes them.

    >>> image_name(" part_1/ISIC_0034524.JPG "), image_name("mole.v2")
    ('ISIC_0034524', 'mole.v2')
    """
    return stem_of(unicodedata.normalize("NFC", text.strip().replace("\\", "/")))


def read_truth(path: str | Path, metadata: str | Path | None = None) -> TruthTable:
    """Read a truth table of either layout.

    Parameters
    ----------
    path : str or Path
        CSV text (commas, semicolons or tabs), plain or the only table in a zip archive. Columns
        may stand in any order and in any case; names of images may have an ending and folders.
        Classes may be called by their long names where these mean one of them alone.
    metadata : str or Path, optional
        Another table with a column of images' names. What it knows of the images is added: lesions,
        where the first table has none, and other columns. Its rows may be more or fewer.

    Returns
    -------
    TruthTable

    Raises
    ------
    DataError
        With everything that is wrong at once: a table that cannot be read, has no rows, no column
        of names or of classes; images that come twice or have no name; rows with an unknown class,
        with none or with several, or with another in the column dx; lesions with two classes.
    """
    name = str(path)
    table = _read_csv(name)
    image = _image_column(table, name)
    columns = {str(column).lower(): str(column) for column in table.columns}
    columns, notes = _named_as_classes(columns, name)
    one_hot = [dx for dx in CLASSES if dx in columns]
    layout: Literal["challenge", "ham10000"] = "challenge" if one_hot else "ham10000"
    if "dx" not in columns and len(one_hot) < 2:
        raise DataError(
            f"{name}: expected the challenge's columns {', '.join(CHALLENGE_COLUMNS)}, or image_id "
            f"and dx, but got {name_some(table.columns)}; name the table with the diagnoses"
        )
    by_code = {dx: columns[dx] for dx in one_hot}
    used = {image, *by_code.values()}
    if "dx" in columns:
        layout = "ham10000"
        used = {image, columns["dx"]}
        dx, problems = _from_names(table[columns["dx"]], table[image], name)
        if len(one_hot) == len(CLASSES):
            by_column, no_truth = _from_one_hot(table, by_code, image, name)
            # Probabilities in such columns say nothing against dx.
            problems += [] if no_truth else _disagreeing(dx, by_column, table[image], name)
    else:
        dx, problems = _from_one_hot(table, by_code, image, name)
        missing = [dx.upper() for dx in CHALLENGE_CLASSES if dx not in columns]
        if missing:
            notes.append(
                f"{name} has no column {' and no '.join(missing)}: these classes have no image"
            )
    rows = pd.DataFrame({"image_id": table[image].map(image_name), "dx": dx})
    problems += _name_problems(rows["image_id"], name)
    others = [column for column in table.columns if column not in used]
    rows[[column.lower() for column in others]] = table[others]
    if metadata is not None:
        rows, more = _joined(rows, str(metadata))
        notes += more
    if problems:
        raise DataError(problems, where=name)
    rows, known, more = _with_lesions(rows, name)
    rows["y_true"] = rows["dx"].map(CLASS_INDEX).astype(int)
    first = ["image_id", "lesion_id", "dx", "y_true"]
    rows = rows[first + [column for column in rows.columns if column not in first]]
    return TruthTable(rows, layout, known, tuple(notes + more))


def _read_csv(locator: str) -> pd.DataFrame:
    """A table as text, its columns without blanks around their names."""
    try:
        data = read_bytes(_member_of(locator))
    except OSError as error:
        raise DataError(
            f"{locator}: expected a table but got {error.strerror or error}; check the name"
        ) from None
    try:
        table = read_text_table(data).rows
    except TableError as error:
        raise DataError(f"{locator}: {error}") from None
    folded = table.columns.str.lower()
    if folded.has_duplicates:
        twice = name_some(table.columns[folded.duplicated(keep=False)])
        raise DataError(f"{locator}: expected each column once but got {twice}; keep one of each")
    if table.empty:
        raise DataError(f"{locator}: expected a row for each image but there is none")
    return table


def _member_of(locator: str) -> str:
    """The locator of the only table in a zip archive; of any other file its own."""
    if not locator.lower().endswith(".zip") or ARCHIVE_MARK in locator:
        return str(Path(locator).expanduser())
    path = Path(locator).expanduser()
    try:
        with zipfile.ZipFile(path) as members:
            names = [name for name in members.namelist() if name.lower().endswith((".csv", ".tsv"))]
    except zipfile.BadZipFile as error:
        raise DataError(f"{locator}: expected a zip archive but got {error}") from None
    tables = [name for name in names if not name.startswith("__MACOSX")]
    if len(tables) != 1:
        raise DataError(
            f"{locator}: expected one CSV table in the archive but got "
            f"{name_some(tables) or 'none'}; unpack it and name the table"
        )
    return f"{path}{ARCHIVE_MARK}{tables[0]}"


def _image_column(table: pd.DataFrame, name: str) -> str:
    columns = {str(column).lower(): str(column) for column in table.columns}
    for candidate in IMAGE_COLUMNS:
        if candidate in columns:
            return columns[candidate]
    raise DataError(
        f"{name}: expected a column {' or '.join(IMAGE_COLUMNS)} with the images' names but got "
        f"{name_some(table.columns)}"
    )


def _some_rows(images: pd.Series, wrong: ArrayLike) -> str:
    """Names of wrong rows with their lines, the first few."""
    places = np.flatnonzero(np.asarray(wrong))
    return name_some((f"{images.iloc[row]} (line {row + 2})" for row in places), _SHOWN)


def _named_as_classes(columns: dict[str, str], name: str) -> tuple[dict[str, str], list[str]]:
    """Columns, those with another name of a class by its code; and a note on them.

    Only in a table that has columns of classes anyhow: elsewhere a column "melanoma" tells
    something else.
    """
    if "dx" in columns or sum(dx in columns for dx in CLASSES) < 2:
        return columns, []
    read: dict[str, list[str]] = {}
    for column in columns:
        code = diagnosis_code(column)
        if code in CLASSES and code not in columns:
            read.setdefault(code, []).append(column)
    sure = {code: found[0] for code, found in read.items() if len(found) == 1}
    if not sure:
        return columns, []
    pairs = [f"{columns[column]} as {code.upper()}" for code, column in sure.items()]
    renamed = columns | {code: columns[column] for code, column in sure.items()}
    return renamed, [f"{name}: read the column {name_some(pairs)}"]


def _from_names(as_written: pd.Series, images: pd.Series, name: str) -> tuple[pd.Series, list[str]]:
    """The class of each row by its code or by a name of it, and what is wrong with rows."""
    codes = {}
    for text in as_written.unique():
        code = text.strip().lower()
        codes[text] = code if code in CLASSES else diagnosis_code(text)
    dx = as_written.map(codes)
    unknown = ~dx.isin(CLASSES)
    if not unknown.any():
        return dx, []
    kinds = name_some([repr(value) for value in dict.fromkeys(as_written[unknown])], _SHOWN)
    return dx, [
        f"{name}: dx: expected one of {', '.join(CLASSES)} but got {kinds} in {unknown.sum():,} "
        f"rows, {_some_rows(images, unknown)}; take them out: the model does not know them"
    ]


def _disagreeing(dx: pd.Series, by_column: pd.Series, images: pd.Series, name: str) -> list[str]:
    differ = dx != by_column
    if not differ.any():
        return []
    return [
        f"{name}: expected the column dx to say what the columns of classes say but "
        f"{differ.sum():,} rows differ, {_some_rows(images, differ)}; keep the one that is right"
    ]


def _from_one_hot(
    table: pd.DataFrame, columns: dict[str, str], image: str, name: str
) -> tuple[pd.Series, list[str]]:
    """The class of each row, and what is wrong with rows."""
    images, classes = table[image], list(columns)
    text = table[[columns[dx] for dx in classes]]
    words = {"true": 1.0, "false": 0.0}
    cells = text.apply(
        lambda column: pd.to_numeric(
            column.str.strip().str.lower().str.replace(",", ".").replace(words),
            errors="coerce",
        )
    )
    values = cells.to_numpy(dtype=float)
    problems = []
    empty = (text == "").to_numpy().all(axis=1)
    no_bit = ~np.isin(values, (0.0, 1.0)).all(axis=1) & ~empty
    if no_bit.any():
        problems.append(
            f"{name}: expected 0 or 1 in the columns of classes but got others in "
            f"{no_bit.sum():,} rows, {_some_rows(images, no_bit)}; a truth table holds no "
            "probabilities"
        )
    ones = np.nan_to_num(values).sum(axis=1)
    several, none = ~no_bit & (ones > 1), ~no_bit & (ones == 0)
    if several.any():
        problems.append(
            f"{name}: expected one class a row but {several.sum():,} rows have several, "
            f"{_some_rows(images, several)}; decide for one"
        )
    if none.any():
        missing = [dx.upper() for dx in CHALLENGE_CLASSES if dx not in columns]
        others = table.columns.difference([image, *columns.values()])
        with_one = [
            str(column)
            for column in others
            if (pd.to_numeric(table.loc[none, column], errors="coerce") == 1).any()
        ]
        why = f"; the column {' and the column '.join(missing)} is missing" if missing else ""
        why += f"; {name_some(with_one)} is 1 there, which the model does not know" * bool(with_one)
        problems.append(
            f"{name}: expected one class a row but {none.sum():,} rows have none, "
            f"{_some_rows(images, none)}{why}; complete the columns or take the rows out"
        )
    names = np.array(classes, dtype=object)
    return pd.Series(names[np.nan_to_num(values).argmax(axis=1)], index=table.index), problems


def _name_problems(image_id: pd.Series, name: str) -> list[str]:
    problems = []
    empty = image_id == ""
    if empty.any():
        lines = name_some((f"line {row + 2}" for row in np.flatnonzero(empty)), _SHOWN)
        problems.append(f"{name}: expected the name of an image in each row but {lines} have none")
    twice = image_id.duplicated(keep=False) & ~empty
    if twice.any():
        named = name_some(image_id[twice].drop_duplicates(), _SHOWN)
        problems.append(f"{name}: expected each image once but {named} come twice; keep one row")
    return problems


def _joined(rows: pd.DataFrame, locator: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows with the columns of another table; its own columns win over those of the table."""
    table = _read_csv(locator)
    image = _image_column(table, locator)
    table.insert(0, "_name", table[image].map(image_name))
    problems = _name_problems(table["_name"], locator)
    if problems:
        raise DataError(problems)
    table = table.drop(columns=image)
    table.columns = pd.Index([str(column).lower() for column in table.columns])
    new = [column for column in table.columns if column not in rows.columns]
    known = rows["image_id"].isin(table["_name"])
    notes = []
    if not known.any():
        raise DataError(
            f"{locator}: expected images of the truth table, such as {rows['image_id'].iloc[0]}, "
            f"but got others, such as {table['_name'].iloc[0]}; name the table of these images"
        )
    if not known.all():
        notes.append(f"{locator} knows nothing of {(~known).sum():,} images of the truth table")
    joined = rows.merge(
        table[new], left_on="image_id", right_on="_name", how="left", validate="one_to_one"
    )
    return joined.drop(columns="_name").fillna(""), notes


def _with_lesions(rows: pd.DataFrame, name: str) -> tuple[pd.DataFrame, bool, list[str]]:
    """Rows with ``lesion_id``, whether any lesion is known, and notes."""
    lesions = rows.get("lesion_id", pd.Series("", index=rows.index)).astype(str).str.strip()
    unknown = lesions.map(is_unknown)
    rows = rows.assign(lesion_id=lesions.mask(unknown, rows["image_id"]))
    torn = rows.groupby("lesion_id")["dx"].transform("nunique") > 1
    if torn.any():
        named = name_some(rows.loc[torn, "lesion_id"].drop_duplicates(), _SHOWN)
        raise DataError(
            f"{name}: expected one diagnosis a lesion but {named} have two; correct dx or lesion_id"
        )
    notes = []
    if unknown.any() and not unknown.all():
        notes.append(f"the lesion of {unknown.sum():,} images is unknown: each counts as its own")
    return rows, not unknown.all(), notes


def weighted_rows(truth: TruthTable) -> np.ndarray:
    """Whether each row is to be scored: not where the challenge's ``score_weight`` is 0.

    Parameters
    ----------
    truth : TruthTable
        Of `read_truth`.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Raises
    ------
    DataError
        If a weight is neither 0 nor 1: other weights are not supported.
    """
    if WEIGHT not in truth.rows:
        return np.ones(len(truth.rows), dtype=bool)
    weights = pd.to_numeric(truth.rows[WEIGHT], errors="coerce")
    wrong = ~weights.isin([0, 1])
    if wrong.any():
        raise DataError(
            f"{WEIGHT}: expected 0 or 1 but got others in {wrong.sum():,} rows, "
            f"{_some_rows(truth.rows['image_id'], wrong)}; take the column out to count all alike"
        )
    return np.asarray(weights == 1)
