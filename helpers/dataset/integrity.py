"""The integrity report: what a catalogue should be beside what it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from helpers.dataset.sources import Source, read_source
from helpers.dataset.verification import remembered_facts, verify_files

_FIRST, _LAST = 24306, 34320  # the numbers in HAM10000's image names, without a gap
_NEAR_CONSTANT = 2.0  # grey levels

EXPECTED = {
    "images": 10_015,
    "lesions": 7_470,
    "age missing": 57,
    "age 0": 39,
    "sex unknown": 57,
    "localization unknown": 234,
    "masks": 10_015,
    "masks stored with a palette": 402,
    "masks that cover the full frame": 2,
}
"""Of the whole HAM10000, from its metadata and mask archive."""


def is_whole_ham10000(catalogue: pd.DataFrame) -> bool:
    """Whether a catalogue means to be all of HAM10000, so that its numbers are known.

    Parameters
    ----------
    catalogue : DataFrame
        Of :func:`helpers.dataset.catalogue.load_catalogue`.

    Returns
    -------
    bool
        True when nothing is drawn, nothing was left out on purpose, and more than half of
        the images of HAM10000 are there by name.
    """
    if catalogue.attrs.get("drawn") or "subset_of" in catalogue.attrs:
        return False
    number = pd.to_numeric(
        catalogue["image_id"].str.extract(r"^ISIC_(\d{7})$", expand=False), errors="coerce"
    )
    return int(number.between(_FIRST, _LAST).sum()) > (_LAST - _FIRST) // 2


def _facts(catalogue: pd.DataFrame) -> pd.DataFrame:
    folder, mapping = Path(catalogue.attrs["folder"]), catalogue.attrs.get("mapping")
    masks = catalogue["mask_path"]
    facts = remembered_facts(folder, [*catalogue["path"], *masks[masks != ""]])
    if facts is not None:
        return facts
    reading = read_source(Source("", folder, False, "", Path(mapping) if mapping else None))
    with_mask = catalogue.loc[catalogue["mask_path"] != "", "image_id"]
    images = [reading.images[image_id] for image_id in catalogue["image_id"]]
    return verify_files(folder, images, [reading.masks[image_id] for image_id in with_mask])


def integrity_report(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Compare a catalogue with what is known of HAM10000, and with what must hold anywhere.

    Parameters
    ----------
    catalogue : DataFrame
        Of :func:`helpers.dataset.catalogue.load_catalogue`; its files must still be there.

    Returns
    -------
    DataFrame
        Columns ``check``, ``expected`` (number as text, or "" where nothing is expected),
        ``found`` (int) and ``verdict`` ("as expected", "differs", or "" where nothing is
        expected). Published numbers are expected of the whole HAM10000 only.
    """
    facts = _facts(catalogue)
    images, masks = facts[facts["kind"] == "image"], facts[facts["kind"] == "mask"]
    per_lesion = catalogue.groupby("lesion_id")["dx"].nunique()
    found = {
        "images": len(catalogue),
        "lesions": catalogue["lesion_id"].nunique(),
        "rows with an image_id seen before": int(catalogue["image_id"].duplicated().sum()),
        "lesions with two diagnoses": int((per_lesion > 1).sum()),
        "images with the bytes of another": int(catalogue["digest"].duplicated().sum()),
        "near-constant images": int((images["measure"] < _NEAR_CONSTANT).sum()),
        "age missing": int(catalogue["age"].isna().sum()),
        "age 0": int((catalogue["age"] == 0).sum()),
        "sex unknown": int((catalogue["sex"] == "unknown").sum()),
        "localization unknown": int((catalogue["localization"] == "unknown").sum()),
        "masks": int((catalogue["mask_path"] != "").sum()),
        "masks with nothing inside": int((masks["measure"] == 0).sum()),
        "masks that cover the full frame": int((masks["measure"] == 1).sum()),
        "masks stored with a palette": int(masks["palette"].sum()),
    }
    expected: dict[str, int] = {
        "rows with an image_id seen before": 0,
        "lesions with two diagnoses": 0,
        "images with the bytes of another": 0,
        "near-constant images": 0,
        "masks with nothing inside": 0,
    }
    if is_whole_ham10000(catalogue):
        expected |= EXPECTED
    rows = []
    for check, number in found.items():
        wanted = expected.get(check)
        verdict = "" if wanted is None else "as expected" if wanted == number else "differs"
        shown = "" if wanted is None else f"{wanted:,}"
        rows.append({"check": check, "expected": shown, "found": number, "verdict": verdict})
    return pd.DataFrame(rows)
