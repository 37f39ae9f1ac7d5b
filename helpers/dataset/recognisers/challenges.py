"""Challenges of the ISIC archive: one-hot truth tables, and benign against malignant."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.core import HAM10000_CLASSES, name_some
from helpers.dataset.reading import Found, Labels, NamedTable
from helpers.dataset.recognisers.joining import beside, facts_of, on_end
from helpers.dataset.vocabulary import diagnosis_code, is_unknown

_NAMES = ("image", "image_id", "image_name", "isic_id")
_FILES = ("filename", "file_name", "file")
"""What other programs than the challenges' call the picture in a table of this kind."""

_LEAST_COLUMNS = 3
_BITS = ("0", "1", "0.0", "1.0")
_SHOWN = 5


def _class_columns(table: NamedTable) -> list[str]:
    """Columns that are called like diagnoses: by code, or by name where these hold 0 and 1."""
    named = [name for name in table.columns if diagnosis_code(name) is not None and name != "dx"]
    short = [name for name in table.columns if len(name) <= 7 and (name == "unk" or name in named)]
    if len(short) >= _LEAST_COLUMNS:
        return short
    bits = all(table.column(name).isin(_BITS).all() for name in named)
    return named if bits else short


def _read_one_hot(table: NamedTable, classes: list[str]) -> tuple[pd.Series, list[str]]:
    """The one class of each row, and a sentence for each way in which rows have not one."""
    numbers = np.stack(
        [
            pd.to_numeric(
                table.column(name).str.replace(",", ".").replace({"": "0"}), errors="coerce"
            ).to_numpy(dtype=float)
            for name in classes
        ],
        axis=1,
    )
    images = table.column(_key(table) or "lesion_id").to_numpy()
    names = np.array(classes, dtype=object)
    no_bits = ~np.isin(numbers, (0, 1)).all(axis=1)
    ones = np.where(no_bits, 1, np.nan_to_num(numbers).sum(axis=1))
    problems = []
    for wrong, expected, way_out in (
        (no_bits, "0 or 1 in the columns of classes", "a truth table holds no probabilities"),
        (ones > 1, "one class a row but several are 1", "decide for one"),
        (ones == 0, "one class a row but none is 1", "give it one, or take the row out"),
    ):
        rows = np.flatnonzero(wrong)
        if not len(rows):
            continue
        named = [
            f"{images[row]} (line {table.text.lines[row]}"
            + (f": {' and '.join(names[numbers[row] == 1])})" if ones[row] > 1 else ")")
            for row in rows
        ]
        problems.append(
            f"{table.name}: {len(rows):,} rows: expected {expected}: "
            f"{name_some(named, _SHOWN)}; {way_out}"
        )
    chosen = names[np.nan_to_num(numbers).argmax(axis=1)]
    return pd.Series(chosen, index=table.text.rows.index), problems


def _key(table: NamedTable) -> str | None:
    return next((name for name in (*_NAMES, *_FILES) if name in table.columns), None)


def one_hot(found: Found) -> Labels | None:
    """Know truth tables with a column for each class: ISIC 2018 (task 3) and 2019, MILK10k."""
    tables = [
        table
        for table in found.tables
        if len(_class_columns(table)) >= _LEAST_COLUMNS and (_key(table) or table.has("lesion_id"))
    ]
    if not tables:
        return None
    others = [table for table in found.tables if table not in tables]
    parts, problems, classes = [], [], set()
    by_lesion = all(_key(table) is None for table in tables)
    for table in tables:
        columns = _class_columns(table)
        classes |= set(columns)
        dx, wrong = _read_one_hot(table, columns)
        problems += wrong
        facts = facts_of(table)
        rows = table.rows(key=_key(table) or "lesion_id", **facts)
        parts.append(rows.assign(dx=dx))
    rows = on_end(parts)
    notes = []
    if len(tables) > 1:
        notes.append(f"labels are read from {name_some(table.name for table in tables)}")
    if by_lesion:
        rows, more = _pictures_of_lesions(rows, others)
        notes += more
    else:
        rows = beside(rows, others, _NAMES)
    kind = "truth table in the manner of the ISIC challenge"
    if by_lesion or "mal_oth" in classes:
        kind = "MILK10k"
    elif "ak" in classes or "scc" in classes:
        kind = "ISIC 2019 challenge"
    elif classes <= set(HAM10000_CLASSES):
        kind = "ISIC 2018 challenge, task 3"
    return Labels(kind, "one-hot table", rows, open_classes=True, problems=problems, notes=notes)


def _pictures_of_lesions(
    rows: pd.DataFrame, others: list[NamedTable]
) -> tuple[pd.DataFrame, list[str]]:
    """Rows a picture of a table that has one a lesion, by another that lists the pictures."""
    listing = next((t for t in others if t.has("lesion_id") and _key(t) is not None), None)
    if listing is None:
        return rows, []
    key = str(_key(listing))
    pictures = listing.rows(key=key, **facts_of(listing))
    pictures["kind"] = listing.column("image_type")
    notes = []
    seen = pictures["kind"].str.casefold()
    dermoscopic = seen.str.startswith("dermoscop")
    if dermoscopic.any() and not dermoscopic.all():
        kinds = name_some(sorted(pictures.loc[~dermoscopic, "kind"].unique()), _SHOWN)
        notes.append(
            f"{int((~dermoscopic).sum()):,} pictures are no dermoscopy ({kinds}) and are left out"
        )
        pictures = pictures[dermoscopic]
    labels = rows.drop_duplicates("key").set_index("key")["dx"]
    pictures = pictures.drop(columns="kind").assign(dx=pictures["lesion_id"].map(labels))
    return pictures[pictures["dx"].notna()].reset_index(drop=True), notes


def isic_2020(found: Found) -> Labels | None:
    """Know the tables of ISIC 2020 and 2024: benign or malignant, patients, duplicates listed."""
    kind, key = "ISIC 2020 challenge", "image_name"
    tables = [
        t for t in found.tables
        if t.has("image_name") and (t.has("benign_malignant") or t.has("target"))
    ]  # fmt: skip
    if not tables:
        kind, key = "ISIC 2024 challenge", "isic_id"
        tables = [t for t in found.tables if t.has("isic_id", "target", "patient_id")]
        tables = [t for t in tables if not (t.has("diagnosis") or t.has("diagnosis_1"))]
    if not tables:
        return None
    parts = []
    for table in tables:
        rows = table.rows(key=key, **facts_of(table))
        words = table.column("benign_malignant")
        target = table.column("target").map({"0": "benign", "1": "malignant"}).fillna("")
        parts.append(rows.assign(dx=words.mask(words.map(is_unknown), target)))
    rows = on_end(parts)
    notes = []
    for table in found.tables:
        if table.has("image_name_1", "image_name_2"):
            twice = rows["key"].isin(set(table.column("image_name_2"))) & ~rows["key"].isin(
                set(table.column("image_name_1"))
            )
            rows = rows[~twice].reset_index(drop=True)
            notes.append(
                f"{int(twice.sum()):,} pictures are duplicates by {table.name} and are left out"
            )
    return Labels(kind, "benign or malignant", rows, open_classes=True, notes=notes)
