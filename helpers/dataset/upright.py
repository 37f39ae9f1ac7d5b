"""Masks of pictures that their EXIF turns: brought upright as well, where only one way fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from helpers.core import atomic_file, cache_home, name_some
from helpers.dataset.decoding import read_mask
from helpers.dataset.pictures import TURNS
from helpers.dataset.walking import short_name

SHAPE_TOLERANCE = 0.01
"""How far the sides' ratios of a mask and its picture may be apart."""

_QUARTER = (5, 6, 7, 8)  # orientations that exchange width and height


def _alike(width: float, height: float, mask_width: float, mask_height: float) -> bool:
    return abs((mask_width / mask_height) / (width / height) - 1) <= SHAPE_TOLERANCE


def _upright_copy(locator: str, digest: str, orientation: int) -> Path:
    """A turned copy of a mask, in the cache and named by its content."""
    path = cache_home() / "catalogues" / "upright-masks" / f"{digest}-{orientation}.png"
    if not path.exists():
        mask = Image.fromarray(read_mask(locator).astype(np.uint8) * 255)
        with atomic_file(path) as temporary:
            mask.transpose(TURNS[orientation]).save(temporary)
    return path


def turn_masks(
    table: pd.DataFrame, facts: pd.DataFrame, root: Path
) -> tuple[pd.DataFrame, pd.DataFrame, list[str], list[str]]:
    """Turn the masks of pictures that were turned by their EXIF orientation.

    Parameters
    ----------
    table : DataFrame
        With ``path`` and ``mask_path``, "" where there is none.
    facts : DataFrame
        Of `helpers.dataset.verification.verify_files`.
    root : Path
        The source's folder, for the names in messages.

    Returns
    -------
    table : DataFrame
        ``mask_path`` leads to a turned copy in the cache where the mask had the shape of the
        picture as stored, and stays where it has that of the picture as seen.
    facts : DataFrame
        With a row for each copy.
    problems : list of str
        Masks that fit both ways: nobody can say on which of the two they were drawn.
    notes : list of str
        What was done.
    """
    stored = table["path"].map(facts["orientation"]).fillna(1).astype(int)
    pairs = table[(table["mask_path"] != "") & (stored != 1)]
    either, turned = [], []
    mask_paths, copies = table["mask_path"].copy(), {}
    for row, path, mask_path in zip(pairs.index, pairs["path"], pairs["mask_path"], strict=True):
        image, mask = facts.loc[path], facts.loc[mask_path]
        if image["problem"] or mask["problem"]:
            continue
        sizes = float(mask["width"]), float(mask["height"])
        as_seen = _alike(image["width"], image["height"], *sizes)
        orientation = int(image["orientation"])
        quarter = orientation in _QUARTER
        as_stored = _alike(image["height"], image["width"], *sizes) if quarter else as_seen
        if as_seen and as_stored:
            either.append(short_name(mask_path, root))
        elif as_stored:
            copy = str(_upright_copy(mask_path, mask["digest"], orientation))
            mask_paths[row] = copy
            copies[copy] = mask.to_dict() | {
                "width": int(mask["height"]),
                "height": int(mask["width"]),
            }
            turned.append(short_name(mask_path, root))
    problems, notes = [], []
    if either:
        noun = "mask fits its picture" if len(either) == 1 else "masks fit their pictures"
        problems.append(
            f"{len(either):,} {noun} both turned by EXIF and unturned: expected one reading but "
            f"got two for {name_some(either)}; save picture and mask upright, without an EXIF "
            "orientation"
        )
    if turned:
        noun = "mask was" if len(turned) == 1 else "masks were"
        notes.append(
            f"{len(turned):,} {noun} turned like the picture, by its EXIF: {name_some(turned, 5)}"
        )
    if copies:
        index = pd.Index(list(copies), name="locator")
        more = pd.DataFrame(list(copies.values()), index=index).astype(facts.dtypes.to_dict())
        facts = pd.concat([facts, more])
    return table.assign(mask_path=mask_paths), facts, problems, notes
