"""The layout of HAM10000: one table with ``image_id`` and ``dx``, and pictures anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from helpers.core import name_some
from helpers.dataset.metadata import METADATA_COLUMNS
from helpers.dataset.reading import Found, Labels, NamedTable
from helpers.dataset.recognisers.joining import on_end
from helpers.dataset.vocabulary import diagnosis_code


def ham10000(found: Found) -> Labels | None:
    """Know a table with ``image_id`` and ``dx``; of several the one with the column ``dataset``."""

    def rank(table: NamedTable) -> tuple[Any, ...]:
        n_known = sum(table.has(column) for column in METADATA_COLUMNS)
        return (-n_known, not table.has("dataset"), len(table.name), table.name)

    tables = sorted((t for t in found.tables if t.has("image_id", "dx")), key=rank)
    if not tables:
        return None
    table, *others = tables
    notes = [f"{table.name}: {note}" for note in table.text.notes]
    missing = [column for column in METADATA_COLUMNS if not table.has(column)]
    if missing:
        noun = "column" if len(missing) == 1 else "columns"
        notes.append(f"{table.name} has no {noun} {', '.join(missing)}: unknown for all images")
    rows = _rows(table)
    rows, added, told = _with_other_pictures(rows, others, found)
    if others:
        used = name_some([table.name, *added])
        left = name_some(other.name for other in others if other.name not in added)
        notes.append(f"metadata is read from {used}" + (f"; not from {left}" if left else ""))
    notes += told
    return Labels("HAM10000 layout", "column dx", rows, strict=True, notes=notes)


def _rows(table: NamedTable) -> pd.DataFrame:
    columns = (*METADATA_COLUMNS, "dataset")
    return table.rows(key="image_id", **{name: name for name in columns if name != "image_id"})


def _with_other_pictures(
    rows: pd.DataFrame, others: Sequence[NamedTable], found: Found
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Rows, and those of other tables for pictures that are there and stand in none before.

    So are tables of a set that is already divided into train, validation and test.

    Returns
    -------
    rows : DataFrame
    added : list of str
        The tables whose rows were added.
    notes : list of str
        On tables that give a picture another diagnosis.
    """
    if not others:
        return rows, [], []
    added, notes = [], []

    def meant(part: pd.DataFrame) -> dict[int, str]:
        places = {row: found.pictures.find(key) for row, key in enumerate(part["key"])}
        return {row: place[0] for row, place in places.items() if len(place) == 1}

    given = _diagnoses(rows, meant(rows))
    for table in others:
        more = _rows(table)
        by_row = meant(more)
        theirs = _diagnoses(more, by_row)
        differ = [name for name, dx in theirs.items() if given.get(name, dx) != dx]
        if differ:
            notes.append(
                f"{table.name} gives {name_some((f'{n} {theirs[n]!r}' for n in differ), 5)} where "
                f"{given[differ[0]]!r} and so on is read"
            )
        new = [row for row, name in by_row.items() if name not in given]
        if new:
            added.append(table.name)
            given = theirs | given
            rows = on_end([rows, more.iloc[new]])
    return rows, added, notes


def _diagnoses(rows: pd.DataFrame, names: dict[int, str]) -> dict[str, str]:
    """Codes, or names where none is known, by the pictures' names."""
    words = {text: diagnosis_code(text) or text for text in rows["dx"].unique()}
    found = rows["dx"].map(words).tolist()
    return {name: found[row] for row, name in names.items()}
