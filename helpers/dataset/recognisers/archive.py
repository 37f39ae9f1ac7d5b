"""Published sets by their tables: the ISIC archive, PAD-UFES-20, PH2, Derm7pt, BCN20000."""

from __future__ import annotations

import pandas as pd

from helpers.core import name_some
from helpers.dataset.reading import Found, Labels, NamedTable
from helpers.dataset.recognisers.joining import facts_of, on_end
from helpers.dataset.vocabulary import diagnosis_code, is_unknown

_LEVELS = tuple(f"diagnosis_{level}" for level in range(1, 6))
_FINE = 3
"""Level of the ISIC archive's names from which one names a disease, not a group of them."""

_PH2_CODES = {"0": "common nevus", "1": "atypical nevus", "2": "melanoma"}


def _diagnosis(cells: tuple[str, ...], fine: bool) -> str:
    """The deepest name that means one code, else the name of the disease or of the group."""
    for cell in reversed(cells[_FINE - 1 :]):
        if diagnosis_code(cell) is not None:
            return cell
    if not fine:
        return cells[0]
    return next((cell for cell in cells[_FINE - 1 :] if not is_unknown(cell)), "")


def isic_archive(found: Found) -> Labels | None:
    """Know what ``isic-cli`` downloads: ``isic_id`` and names of diagnoses on five levels."""
    tables = [
        t for t in found.tables
        if t.has("isic_id") and (t.has("diagnosis_1") or t.has("diagnosis"))
    ]  # fmt: skip
    if not tables:
        return None
    parts, notes = [], []
    for table in tables:
        rows = table.rows(key="isic_id", **facts_of(table))
        if table.has("diagnosis_1"):
            levels = list(zip(*(table.column(level) for level in _LEVELS), strict=True))
            fine = any(not is_unknown(cell) for cells in levels for cell in cells[_FINE - 1 :])
            rows["dx"] = [_diagnosis(cells, fine) for cells in levels]
        else:
            rows["dx"] = table.column("diagnosis")
        kinds = table.column("image_type")
        dermoscopic = kinds.str.casefold().str.startswith("dermoscop")
        if dermoscopic.any() and not dermoscopic.all():
            other = name_some(sorted(kinds[~dermoscopic].unique()), 5)
            n_other = int((~dermoscopic).sum())
            notes.append(f"{n_other:,} pictures are no dermoscopy ({other}) and are left out")
            rows = rows[dermoscopic]
        parts.append(rows)
    return Labels(
        "ISIC archive", "names of diagnoses", on_end(parts), open_classes=True, notes=notes
    )


def pad_ufes_20(found: Found) -> Labels | None:
    """Know PAD-UFES-20: photographs of telephones, six diagnoses."""
    tables = [t for t in found.tables if t.has("img_id", "diagnostic")]
    if not tables:
        return None
    (table, *_) = tables
    rows = table.rows(
        key="img_id", dx="diagnostic", lesion_id="lesion_id", patient_id="patient_id", age="age",
        sex="gender", localization="region", dx_type="biopsed",
    )  # fmt: skip
    # Lesions are numbered within a patient.
    if table.has("lesion_id", "patient_id"):
        rows["lesion_id"] = rows["patient_id"] + "_" + rows["lesion_id"]
    notes = ["its pictures were taken with telephones, not through a dermatoscope"]
    return Labels("PAD-UFES-20", "column diagnostic", rows, notes=notes, open_classes=True)


def ph2(found: Found) -> Labels | None:
    """Know PH2: numbers 0 to 2 for the clinical diagnosis, or a column marked with X for each."""
    for table in found.tables:
        if table.has("name", "clinical diagnosis"):
            rows = table.rows(key="name", dx="clinical diagnosis")
            rows["dx"] = rows["dx"].map(lambda code: _PH2_CODES.get(code, code))
            return Labels("PH2", "clinical diagnosis", rows, open_classes=True)
        if table.has("image name", "common nevus", "atypical nevus", "melanoma"):
            return _ph2_marked(table)
    return None


def _ph2_marked(table: NamedTable) -> Labels:
    names = list(_PH2_CODES.values())
    marked = pd.DataFrame({name: table.column(name).str.casefold() == "x" for name in names})
    rows = table.rows(key="image name").assign(
        dx=[" and ".join(m for m in names if row[m]) for row in marked.to_dict("records")]
    )
    problems = []
    several = marked.sum(axis=1) > 1
    if several.any():
        named = rows.loc[several, "key"] + " (" + rows.loc[several, "where"] + ")"
        problems.append(
            f"{table.name}: expected one X a row but several are marked: {name_some(named, 5)}; "
            "decide for one"
        )
    return Labels("PH2", "marked columns", rows, open_classes=True, problems=problems)


def derm7pt(found: Found) -> Labels | None:
    """Know Derm7pt: a picture through the dermatoscope, and another without, for each case."""
    for table in found.tables:
        if table.has("derm", "clinic", "diagnosis"):
            rows = table.rows(
                key="derm", dx="diagnosis", lesion_id="case_num", sex="sex", localization="location"
            )
            # A case is a lesion; the numbers of cases are unique, identities are not always given.
            notes = ["the clinical pictures beside are left alone"]
            return Labels("Derm7pt", "column diagnosis", rows, open_classes=True, notes=notes)
    return None


def bcn20000(found: Found) -> Labels | None:
    """Know BCN20000: ``bcn_filename`` and codes of diagnoses."""
    tables = [t for t in found.tables if t.has("bcn_filename", "diagnosis")]
    if not tables:
        return None
    parts = [t.rows(key="bcn_filename", dx="diagnosis", **facts_of(t)) for t in tables]
    return Labels("BCN20000", "column diagnosis", on_end(parts), open_classes=True)
