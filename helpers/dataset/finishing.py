"""From what a recogniser read to a catalogue's rows: codes, lesions, problems, notes."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from helpers.core import (
    ARCHIVE_MARK,
    HAM10000_CLASSES,
    LEAST_CLASSES,
    MOST_CLASSES,
    DataError,
    name_some,
)
from helpers.dataset.layout import Layout
from helpers.dataset.metadata import clean_rows, lesion_problems, value_problems
from helpers.dataset.picture_names import SHOWN, match_pictures, stem_of
from helpers.dataset.reading import Found, Labels, Reading
from helpers.dataset.vocabulary import (
    class_name,
    class_order,
    diagnosis_code,
    folder_of,
    is_unknown,
    proof_word,
)

_VERSION_OF = re.compile(r"(.+)_(?:jpe?g|png)\.rf\.[0-9A-Za-z]+")
"""How Roboflow names what it exports: several augmented versions of a picture among it."""


def _coded(labels: Labels, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series, list[str]]:
    """Codes of the diagnoses, which rows have none, and notes."""
    told = {name.casefold(): code for name, code in labels.codes.items()}
    codes, renamed, own = {}, [], []
    for text in rows["dx"].unique():
        known = told.get(text.casefold())
        code = known if known is not None else diagnosis_code(text)
        if code is None and is_unknown(text):
            code = text if labels.strict else ""
        elif code is None:
            code = class_name(text) if labels.open_classes else text
            own += [f"{text} as {code}"] if labels.open_classes else []
        elif labels.strict and code not in HAM10000_CLASSES:
            code = text
        elif code and code != text and known is None and text.casefold() != code:
            renamed.append(f"{text} as {code}")
        codes[text] = code
    dx = rows["dx"].map(codes)
    notes = []
    if renamed:
        notes.append(f"diagnoses were understood by their names: {name_some(renamed, 8)}")
    if own:
        notes.append(f"names of no known diagnosis are classes of their own: {name_some(own, 8)}")
    empty = dx == ""
    if empty.any() and not labels.strict:
        words = name_some(sorted({repr(text) for text in rows.loc[empty, "dx"]}), SHOWN)
        noun = "row has" if empty.sum() == 1 else "rows have"
        notes.append(f"{int(empty.sum()):,} {noun} no diagnosis ({words}) and are left out")
    return dx, empty & (not labels.strict), notes


def _other_folders(rows: pd.DataFrame, dx: pd.Series, layout: Layout) -> list[str]:
    """A note on pictures that lie in a folder of another diagnosis than the table's."""
    known = {code for code in dx.unique() if diagnosis_code(code)}
    said = {name: code for name, code in zip(rows["image_id"], dx, strict=True) if code in known}
    folders = {name: name.rpartition("/")[0] for name in layout.pictures if stem_of(name) in said}
    codes = {folder: diagnosis_code(folder_of(f"{folder}/")) for folder in set(folders.values())}
    differ = [
        f"{name} ({said[stem_of(name)]})"
        for name, folder in folders.items()
        if codes[folder] not in (None, said[stem_of(name)])
    ]
    if not differ:
        return []
    noun = "picture lies" if len(differ) == 1 else "pictures lie"
    return [
        f"{len(differ):,} {noun} in a folder of another diagnosis than the table gives, which is "
        f"what counts: {name_some(differ, SHOWN)}"
    ]


def _two_labels(rows: pd.DataFrame, dx: pd.Series) -> list[str]:
    """Pictures that stand in the table with two diagnoses, named."""
    pairs = pd.DataFrame({"image_id": rows["image_id"], "dx": dx}).drop_duplicates()
    torn = pairs[(pairs["image_id"] != "") & pairs.duplicated("image_id", keep=False)]
    if torn.empty:
        return []
    both = torn.groupby("image_id", sort=True)["dx"].agg(lambda found: " and ".join(sorted(found)))
    named = name_some((f"{image_id} ({found})" for image_id, found in both.items()), SHOWN)
    return [
        f"{rows['table'].iloc[0]}: {len(both):,} images have more than one diagnosis: {named}; "
        "keep the right one"
    ]


def finish(found: Found, labels: Labels) -> Reading:
    """Make of a recogniser's rows what the catalogue needs.

    Parameters
    ----------
    found : Found
        The source.
    labels : Labels
        What a recogniser has understood.

    Returns
    -------
    Reading
        Problems are in it, not raised.

    Raises
    ------
    DataError
        If no row has a diagnosis.
    """
    where = str(found.layout.root)
    rows, images, problems, told = match_pictures(
        labels.rows.reset_index(drop=True), found.pictures
    )
    problems = [*labels.problems, *problems]
    dx, left_out, notes = _coded(labels, rows)
    notes = [*labels.notes, *told, *notes, *_other_folders(rows, dx, found.layout)]
    kept = ~left_out
    rows, dx = rows[kept].reset_index(drop=True), dx[kept].reset_index(drop=True)
    if rows.empty:
        named = name_some((table.name for table in found.tables), SHOWN) or "folders"
        raise DataError(
            f"{named}: read as {labels.kind}: expected a row with a diagnosis for each image but "
            "the table is empty; fetch it again",
            where=where,
        )
    if not labels.strict:
        problems += _two_labels(rows, dx)
        if "dx_type" in rows:
            rows["dx_type"] = rows["dx_type"].map(
                {text: proof_word(text) for text in rows["dx_type"].unique()}
            )
    known = "lesion_id" in rows and bool((rows["lesion_id"] != "").any())
    lesions = rows["lesion_id"] if "lesion_id" in rows else pd.Series("", index=rows.index)
    if not known or not labels.strict:
        originals = rows["image_id"].str.replace(_VERSION_OF, r"\1", regex=True)
        lesions = lesions.mask(lesions == "", originals)
        n_versions = len(set(rows["image_id"])) - originals.nunique()
        if not known and n_versions:
            notes.append(
                f"{n_versions:,} pictures are further versions of others by their names (as in "
                "NAME_jpg.rf.1f0c.jpg): all versions count as one lesion"
            )
    lacking = [column for column in ("dx_type", "localization") if column not in rows]
    fill = {column: "unknown" for column in lacking}
    clean = clean_rows(rows.assign(lesion_id=lesions, dx=dx, **fill))
    if not labels.strict:
        clean["dx_type"] = clean["dx_type"].mask(clean["dx_type"] == "", "unknown")
    classes = class_order(clean["dx"])
    if len(classes) < LEAST_CLASSES:
        problems.append(
            f"expected {LEAST_CLASSES} diagnoses at least, to tell one from the other, but got "
            f"{name_some(classes)} alone; add pictures of another"
        )
    elif not labels.strict and len(classes) > MOST_CLASSES:
        problems.append(
            f"expected {LEAST_CLASSES} to {MOST_CLASSES} diagnoses but got {len(classes)} "
            f"({name_some(classes, 25)}); join or leave out some by a mapping: 'dermbook data "
            "inspect FOLDER'"
        )
    allowed = HAM10000_CLASSES if labels.strict or not labels.open_classes else classes
    problems += value_problems(clean, rows, classes=allowed, strict=labels.strict and not lacking)
    problems += lesion_problems(clean, str(rows["table"].iloc[0]))
    if "patient_id" in rows and (rows["patient_id"] != "").any():
        patients = rows["patient_id"].mask(rows["patient_id"] == "", clean["lesion_id"])
        clean["group"] = patients
        notes.append(f"{patients.nunique():,} patients: the pictures of one stay in one split")
    elif not known:
        notes.append(
            "no lesions are known: each picture counts as a lesion of its own, so that pictures of "
            "one lesion may stand in training and in test, and scores be too good"
        )
    stems = {
        image_id: stem_of(re.split(r"[/\\]", entry.locator.rpartition(ARCHIVE_MARK)[2])[-1])
        for image_id, entry in images.items()
    }
    shared = Counter(stems.values())
    # A mask is known by the picture's name, which must not be that of another too.
    masks = {
        image_id: found.layout.masks[stem]
        for image_id, stem in stems.items()
        if stem in found.layout.masks and shared[stem] == 1
    }
    of_lesions = "lesions known" if known else "no lesions known"
    read_as = f"{labels.kind}; labels by {labels.labelled_by}; {of_lesions}"
    return Reading(
        labels.kind, read_as, clean, images, masks, classes, labels.strict, known, problems,
        [*found.layout.notes, *notes], tuple(table.name for table in found.tables),
    )  # fmt: skip
