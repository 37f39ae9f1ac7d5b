"""A split as a file: written once, read wherever images are divided, and checked each time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from helpers.core import ConfigError, DataError, atomic_file
from helpers.dataset.metadata import name_some
from helpers.dataset.splits import SPLITS, assert_grouped, kept_together, torn_apart

SPLIT_COLUMNS = ("image_id", "lesion_id", "split")

_SHOWN = 5
"""How many names a problem lists; their number is told too."""


def write_split(catalogue: pd.DataFrame, path: str | Path, *, replace: bool = False) -> Path:
    """Write the split of a catalogue, a row an image.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id``, ``lesion_id`` and ``split``; grouped, and with images in each split.
    path : str or Path
        A name that ends in ``.csv``.
    replace : bool, default=False
        Whether a file of this name may be replaced.

    Returns
    -------
    Path
        The file, of the columns `SPLIT_COLUMNS`, sorted by image.

    Raises
    ------
    ConfigError
        If there is such a file already, the name is another, or it cannot be written.
    DataError
        If a lesion is in two splits, or a split has no images.
    """
    path = Path(path)
    check_new(path, replace=replace)
    assert_grouped(catalogue)
    if problem := _empty_splits(catalogue["split"]):
        raise DataError(problem)
    table = catalogue[list(SPLIT_COLUMNS)].sort_values("image_id")
    with atomic_file(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    return path


def check_new(path: Path, *, replace: bool = False) -> None:
    """Raise where `write_split` would refuse a name; worth asking before images are read."""
    if path.suffix != ".csv" or path.is_dir():
        raise ConfigError(f"{path}: expected the name of a file that ends in .csv")
    if path.exists() and not replace:
        raise ConfigError(
            f"{path}: expected a new file but there is one; choose another name, or say "
            "--replace to write it anew"
        )


def read_split(
    path: str | Path, catalogue: pd.DataFrame, *, whole: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Divide a catalogue as a file says.

    Parameters
    ----------
    path : str or Path
        A table of comma-separated text with the columns `SPLIT_COLUMNS`, in any order of columns
        and rows.
    catalogue : DataFrame
        With ``image_id`` and ``lesion_id``, and ``group`` where lesions that share a picture are
        to stay together.
    whole : DataFrame, optional
        Where the catalogue is a part of a source: all of it, which the file may name.

    Returns
    -------
    DataFrame
        A copy with the string column ``split``: to every function the same as if the split had
        been computed.

    Raises
    ------
    ConfigError
        If there is no such file.
    DataError
        With all that is wrong with it, each problem with its number and first names: columns,
        doubled, unknown and missing images, lesions that are others than the source's or on two
        sides, unknown names of splits, splits without images.
    """
    path = Path(path)
    table = _read_table(path)
    source = catalogue if whole is None else whole
    problems = _table_problems(table) + _source_problems(table, catalogue, source)
    split = table.drop_duplicates("image_id").set_index("image_id")["split"]
    divided = catalogue.assign(split=catalogue["image_id"].map(split).to_numpy())
    if not problems and (problem := _empty_splits(divided["split"])):
        problems.append(f"{problem} of the {len(catalogue):,} in use")
    if problems:
        raise DataError(problems, where=str(path))
    return divided


def split_path(path: str | Path) -> Path:
    """Absolute path of a split file.

    Raises
    ------
    ConfigError
        If there is no such file.
    """
    found = Path(path).expanduser()
    if not found.is_file():
        raise ConfigError(
            f"{path}: expected a split file, found none; write one with 'dermbook data split "
            "SOURCE --to FILE.csv'"
        )
    return found.resolve()


def _read_table(path: Path) -> pd.DataFrame:
    """The rows of a file as text, without blanks around it."""
    path = split_path(path)
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        if not isinstance(table.index, pd.RangeIndex):  # pandas took the first cells for names
            raise ValueError("rows of more cells than there are columns")
    except (OSError, ValueError) as error:  # what pandas and decoders raise are ValueErrors
        raise DataError(
            f"expected a table of comma-separated text but got: {str(error).strip()}",
            where=str(path),
        ) from None
    table.columns = [str(column).strip() for column in table.columns]
    if sorted(table.columns) != sorted(SPLIT_COLUMNS):
        raise DataError(
            f"expected the columns {', '.join(SPLIT_COLUMNS)} with commas between, and no "
            f"others, but got {', '.join(table.columns)}",
            where=str(path),
        )
    return table.apply(lambda column: column.fillna("").str.strip())


def _table_problems(table: pd.DataFrame) -> list[str]:
    """What is wrong with a file whatever it divides."""
    problems = []
    doubled = table.loc[table["image_id"].duplicated(), "image_id"].unique()
    if len(doubled):
        problems.append(
            f"expected a row an image but {_counted(doubled, 'image')} in several; keep one row "
            "of each"
        )
    unknown = table[~table["split"].isin(SPLITS)]
    if len(unknown):
        names = name_some((repr(name) for name in unknown["split"].unique()), _SHOWN)
        problems.append(
            f"expected each split to be {', '.join(SPLITS[:-1])} or {SPLITS[-1]} but "
            f"{_counted(unknown['image_id'], 'image')} in {names}; name them so"
        )
    if problem := _empty_splits(table["split"]):
        problems.append(f"{problem} of the {len(table):,} in the file")
    return problems


def _source_problems(
    table: pd.DataFrame, catalogue: pd.DataFrame, whole: pd.DataFrame
) -> list[str]:
    """What a file says otherwise than the source that it is to divide."""
    problems = []
    listed = table["image_id"]
    strangers = listed[~listed.isin(whole["image_id"])].drop_duplicates()
    if len(strangers):
        problems.append(
            f"expected images of the source but {_counted(strangers, 'image')} not in it; take "
            "out the rows, or divide the source that the file was made of"
        )
    missing = catalogue.loc[~catalogue["image_id"].isin(listed), "image_id"]
    if len(missing):
        problems.append(
            f"expected every image of the source but {_counted(missing, 'image')} missing; add "
            "their rows, or make the file again"
        )
    # What is known of the images is the source's word, not the file's.
    facts = whole.assign(unit=kept_together(whole)).set_index("image_id")[["lesion_id", "unit"]]
    rows = table.drop_duplicates("image_id").join(
        facts, on="image_id", rsuffix="_known", how="inner"
    )
    other = rows[rows["lesion_id"] != rows["lesion_id_known"].astype(str)]
    if len(other):
        problems.append(
            f"expected the source's lesion_id but that of {_counted(other['image_id'], 'image')} "
            f"another, such as {other['lesion_id'].iloc[0]!r} for "
            f"{other['lesion_id_known'].iloc[0]!r}; correct it, or make the file again"
        )
    torn = torn_apart(rows[["split"]].assign(lesion_id=rows["unit"]))
    if len(torn):
        named = (f"{unit} ({', '.join(map(str, places))})" for unit, places in torn.items())
        noun = "lesion is" if len(torn) == 1 else "lesions are"
        joined = " (lesions that share a picture count as one)" if "group" in whole else ""
        problems.append(
            f"expected a lesion's images on one side but {len(torn):,} {noun} on several{joined}: "
            f"{name_some(named, _SHOWN)}; keep each in one split"
        )
    return problems


def _counted(names: Iterable[str], noun: str) -> str:
    """Such as "2 images (a, b) are"."""
    listed = [name or "a blank" for name in names]
    many = len(listed) != 1
    some = name_some(listed, _SHOWN)
    return f"{len(listed):,} {noun}{'s' if many else ''} ({some}) {'are' if many else 'is'}"


def _empty_splits(split: pd.Series) -> str:
    """What is wrong where a split has no images; "" where each has some."""
    empty = [name for name in SPLITS if not (split == name).any()]
    if not empty:
        return ""
    return f"expected images in each of {', '.join(SPLITS)} but {', '.join(empty)} got none"
