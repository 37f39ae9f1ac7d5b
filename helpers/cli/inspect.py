"""What a folder holds, and a draft of what its columns and names mean."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from helpers.core import DataError, name_some
from helpers.dataset import (
    Source,
    draft_mapping,
    find_folder,
    find_tables,
    list_layout,
    read_source,
)


def inspect_folder(spec: str | Path) -> tuple[list[str], str]:
    """Look at a source, whether it is known or not.

    Parameters
    ----------
    spec : str or Path
        A folder, an archive, or an ``.npz`` or Parquet file.

    Returns
    -------
    told : list of str
        Lines for people: pictures by ending, masks, tables with their columns, and what the source
        is read as, or why it is not.
    draft : str
        A mapping in YAML, to correct.

    Raises
    ------
    DataError
        If there is no such folder, or no picture in it.
    """
    folder, mapping = find_folder(spec)
    layout = list_layout(folder)
    found = find_tables(layout)
    endings = Counter(os.path.splitext(name)[1].lower() for name in layout.pictures)
    pictures = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common())
    told = [f"{folder}: {pictures}; {len(layout.masks):,} masks"]
    for table in found.tables:
        columns = name_some(table.text.rows.columns, 40)
        told.append(f"{table.name}: {len(table.text.rows):,} rows; columns {columns}")
    told += [f"not a table: {problem}" for problem in found.unread]
    source = Source(folder.name, folder, False, "", mapping)
    try:
        reading = read_source(source)
    except DataError as error:
        told += [f"not read: {problem}" for problem in error.problems]
    else:
        told.append(f"read as: {reading.read_as}; classes {', '.join(reading.classes)}")
        told += [f"note: {note}" for note in reading.notes]
        told += [f"problem: {problem}" for problem in reading.problems]
    return told, draft_mapping(found)
