"""A folder for each class, as many libraries want it."""

from __future__ import annotations

import pandas as pd

from helpers.core import name_some
from helpers.dataset.reading import Found, Labels
from helpers.dataset.vocabulary import diagnosis_code, folded, folder_of

GROUPS = frozenset({"benign", "malignant"})


def class_folders(found: Found) -> pd.DataFrame:
    """The name of each picture, and that of the folder that it lies in; "" at the top.

    Copies of a file in folders that are called alike, but for capital letters, count once.
    """
    rows, seen = [], set()
    for name, entry in found.layout.pictures.items():
        place, _, base = name.rpartition("/")
        mark = (folded(place), base, entry.size)
        if mark not in seen:
            seen.add(mark)
            rows.append({"key": name, "dx": folder_of(name)})
    return pd.DataFrame(rows, columns=["key", "dx"])


def folder_per_class(found: Found) -> Labels | None:
    """Know folders that are called like diagnoses; one that is not is a problem, by name."""
    rows = class_folders(found)
    names = list(rows["dx"].unique())
    meant = [name for name in names if diagnosis_code(name) is not None or folded(name) in GROUPS]
    if len(meant) < 2:
        return None
    problems = []
    strange = [name for name in names if name not in meant]
    if strange:
        counts = rows["dx"].value_counts()
        named = name_some(
            f"{name or 'the top'} ({counts[name]:,} picture{'s' * bool(counts[name] - 1)})"
            for name in strange
        )
        problems.append(
            f"expected a folder for each diagnosis but {named} "
            f"{'mean' if len(strange) > 1 else 'means'} none of the known ones; "
            "rename or move it, or say what it means: 'dermbook data inspect FOLDER'"
        )
        rows = rows[rows["dx"].isin(meant)]
    rows = rows.assign(where=rows["key"], table="folders").reset_index(drop=True)
    return Labels(
        "a folder for each class", "names of folders", rows, open_classes=True, problems=problems
    )
