"""The layout of HAM10000: one table with ``image_id`` and ``dx``, and pictures anywhere."""

from __future__ import annotations

from typing import Any

from helpers.core import name_some
from helpers.dataset.metadata import METADATA_COLUMNS
from helpers.dataset.reading import Found, Labels, NamedTable


def ham10000(found: Found) -> Labels | None:
    """Know a table with ``image_id`` and ``dx``; of several the one with the column ``dataset``."""

    def rank(table: NamedTable) -> tuple[Any, ...]:
        n_known = sum(table.has(column) for column in METADATA_COLUMNS)
        return (-n_known, not table.has("dataset"), len(table.name), table.name)

    tables = sorted((t for t in found.tables if t.has("image_id", "dx")), key=rank)
    if not tables:
        return None
    table = tables[0]
    notes = [f"{table.name}: {note}" for note in table.text.notes]
    if len(tables) > 1:
        others = name_some(other.name for other in tables[1:])
        notes.append(f"metadata is read from {table.name}; not from {others}")
    missing = [column for column in METADATA_COLUMNS if not table.has(column)]
    if missing:
        noun = "column" if len(missing) == 1 else "columns"
        notes.append(f"{table.name} has no {noun} {', '.join(missing)}: unknown for all images")
    columns = {column: column for column in (*METADATA_COLUMNS, "dataset")}
    rows = table.rows(key="image_id", **{k: v for k, v in columns.items() if k != "image_id"})
    return Labels("HAM10000 layout", "column dx", rows, strict=True, notes=notes)
