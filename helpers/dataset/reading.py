"""Reading a source: its tables, and the recogniser that knows what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from helpers.core import DataError, name_some, read_bytes
from helpers.dataset.layout import Layout
from helpers.dataset.metadata import METADATA_COLUMNS
from helpers.dataset.picture_names import Pictures
from helpers.dataset.tables import TableError, TextTable, read_text_table
from helpers.dataset.vocabulary import folder_of
from helpers.dataset.walking import Entry, short_name

_LISTS = (".json", ".jsonl", ".xml", ".yaml", ".txt")
"""What labels are written in too, by other programs."""

LARGEST_TABLE = 2**30
"""Bytes; a larger file is left alone."""


@dataclass(frozen=True)
class NamedTable:
    """One table of a source.

    Attributes
    ----------
    name : str
        Of the file, within the source.
    text : TextTable
        Its content.
    columns : dict of str to str
        Names of its columns by what they are in small letters.
    """

    name: str
    text: TextTable
    columns: Mapping[str, str]

    def has(self, *names: str) -> bool:
        """Whether it has all of these columns, in any case."""
        return all(name in self.columns for name in names)

    def column(self, name: str) -> pd.Series:
        """A column as text; empty where the table has none."""
        rows = self.text.rows
        return rows[self.columns[name]] if name in self.columns else pd.Series("", rows.index)

    def rows(self, **columns: str) -> pd.DataFrame:
        """Rows under other names, with ``where`` and ``table``; columns that lack are left out."""
        rows = pd.DataFrame(index=self.text.rows.index)
        for ours, theirs in columns.items():
            if theirs in self.columns:
                rows[ours] = self.column(theirs)
        return rows.assign(where=[f"line {line}" for line in self.text.lines], table=self.name)


@dataclass(frozen=True)
class Found:
    """What lies in a source: files, and tables that could be read."""

    layout: Layout
    tables: tuple[NamedTable, ...]
    unread: tuple[str, ...] = ()

    @cached_property
    def pictures(self) -> Pictures:
        """Finds the source's pictures by what tables call them."""
        return Pictures(self.layout)


@dataclass
class Labels:
    """What a recogniser has understood: a row a picture, in the words of the source.

    Attributes
    ----------
    kind : str
        What the source is, such as "ISIC 2019 challenge".
    labelled_by : str
        Where the diagnoses come from, such as "one-hot table".
    rows : DataFrame of str
        ``key`` (name of the picture, with or without folders and ending), ``dx``, ``where``,
        ``table``, and whatever is known of ``lesion_id, patient_id, age, sex, localization,
        dx_type, dataset``.
    strict : bool
        Whether only the words of HAM10000 are allowed.
    open_classes : bool
        Whether names that mean none of the known codes become classes of their own.
    codes : mapping of str to str
        What names mean, where the source or the user says it; "" leaves rows out.
    problems, notes : list of str
        As sentences.
    """

    kind: str
    labelled_by: str
    rows: pd.DataFrame
    strict: bool = False
    open_classes: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """A source as it was understood.

    Attributes
    ----------
    kind : str
        What it is.
    read_as : str
        One line: what was read as what.
    table : DataFrame
        ``METADATA_COLUMNS``, ``dataset``, and ``group`` where patients are known.
    images, masks : dict of str to Entry
        By ``image_id``.
    classes : tuple of str
        Those that are there, in order.
    fixed_classes : bool
        Whether it stands for the seven of HAM10000, even where some are absent.
    lesions_known : bool
        Whether it says which pictures show the same lesion.
    problems, notes : list of str
        What is wrong with rows, and what is odd but harmless.
    tables : tuple of str
        Names of the tables that were found, within the source.
    """

    kind: str
    read_as: str
    table: pd.DataFrame
    images: dict[str, Entry]
    masks: dict[str, Entry]
    classes: tuple[str, ...]
    fixed_classes: bool
    lesions_known: bool
    problems: list[str]
    notes: list[str]
    tables: tuple[str, ...] = ()


Recogniser = Callable[[Found], Labels | None]
"""A pure function: from what was found to what it means, or None where it is something else."""


def find_tables(layout: Layout) -> Found:
    """Read every table of a layout.

    Parameters
    ----------
    layout : Layout
        Of `helpers.dataset.layout.list_layout`.

    Returns
    -------
    Found
        With a sentence for each table that cannot be read.
    """
    tables, unread = [], []
    for entry in layout.tables:
        name = short_name(entry.locator, layout.root)
        if entry.size > LARGEST_TABLE:
            unread.append(
                f"{name}: expected a table of {LARGEST_TABLE // 2**20:,} MiB at most but got "
                f"{entry.size // 2**20:,} MiB; take out the rows that belong to no image"
            )
            continue
        try:
            text = read_text_table(read_bytes(entry.locator))
        except TableError as error:
            unread.append(f"{name}: {error}")
        except OSError as error:
            unread.append(f"{name}: expected a table that may be read but got {error}")
        else:
            columns = {str(column).casefold(): str(column) for column in text.rows.columns}
            tables.append(NamedTable(name, text, columns))
    return Found(layout, tuple(tables), tuple(unread))


def recognise(
    found: Found, by_table: Sequence[Recogniser], by_folder: Sequence[Recogniser] = ()
) -> Labels:
    """Let recognisers look at a source; exactly one has to know it.

    Parameters
    ----------
    found : Found
        The source.
    by_table : sequence of Recogniser
        Asked first, each of them. The layout of HAM10000 wins over the challenge's, whose tables
        say less of the same pictures.
    by_folder : sequence of Recogniser
        Asked where none of the others knows it.

    Raises
    ------
    DataError
        If none knows it, or several do; the message says what to do.
    """
    where = str(found.layout.root)
    known = [labels for ask in by_table if (labels := ask(found)) is not None]
    known = known or [labels for ask in by_folder if (labels := ask(found)) is not None]
    if len(known) > 1 and known[0].strict:
        known = known[:1]
    if len(known) > 1:
        kinds = " and ".join(f"{labels.kind} ({labels.rows['table'].iloc[0]})" for labels in known)
        raise DataError(
            f"expected one reading but two are possible: {kinds}; take one table out, or write "
            "down what is meant: dermbook data inspect FOLDER",
            where=where,
        )
    if known:
        (labels,) = known
        labels.notes += [f"{problem}; not used" for problem in found.unread]
        return labels
    unknown = _unknown(found) if found.tables or not found.unread else []
    raise DataError([*found.unread, *unknown], where=where)


def _unknown(found: Found) -> list[str]:
    """What to say of a source that nobody knows."""
    problems = []
    for table in found.tables:
        if table in _like_metadata(found):
            problems.append(
                f"{table.name}: expected the columns {', '.join(METADATA_COLUMNS)}, or at least "
                f"image_id and dx, but got {name_some(table.text.rows.columns, 12)}"
            )
    if not problems and found.tables:
        shown = found.tables[0]
        problems.append(
            f"expected a table whose columns are known but got others, such as {shown.name} "
            f"({name_some(shown.text.rows.columns, 8)})"
        )
    folders = sorted({folder_of(name) for name in found.layout.pictures} - {""})
    if not problems:
        problems.append(
            "expected a table named HAM10000_metadata or HAM10000_metadata.csv, another that is "
            "known, or a folder for each class, but found none"
        )
        if len(folders) == 1:
            problems.append(f"all pictures lie in one folder, {folders[0]}: add those of another")
        elif folders:
            problems.append(
                f"fewer than two of the folders are called like a diagnosis: "
                f"{name_some(folders, 8)}"
            )
        lists = [suffix for suffix in _LISTS if suffix in found.layout.others]
        if lists:
            problems.append(f"{' and '.join(lists)} files are not read")
        if len(folders) < 2:
            problems.append(
                "write a CSV table with image_id and dx, or put the pictures into a folder for "
                "each class"
            )
            return problems
    problems.append(
        "write down what your columns and names mean: 'dermbook data inspect FOLDER' drafts a file "
        "to correct"
    )
    return problems


def _like_metadata(found: Found) -> list[NamedTable]:
    names = {short_name(entry.locator, found.layout.root) for entry in found.layout.metadata}
    return [table for table in found.tables if table.name in names]
