"""Lesions to look at before anything is trained: a few of each diagnosis, their outlines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.core import CLASSES
from helpers.dataset import read_image, read_mask
from helpers.explanation import outlined
from helpers.sample import CRITERIA


def some_of_each(table: pd.DataFrame, n: int, random_state: int) -> dict[str, pd.DataFrame]:
    """Rows of each diagnosis, drawn at random.

    Parameters
    ----------
    table : DataFrame
        With ``dx``.
    n : int
        Rows of a diagnosis, or as many as there are.
    random_state : int
        Of the draw.

    Returns
    -------
    dict of str to DataFrame
        In the order of `CLASSES`, without diagnoses that are absent.
    """
    rows = {dx: table[table["dx"] == dx] for dx in CLASSES}
    return {
        dx: found.sample(min(n, len(found)), random_state=random_state)
        for dx, found in rows.items()
        if len(found)
    }


def outline_pairs(
    table: pd.DataFrame, diagnoses: Sequence[str], n: int = 2
) -> tuple[list[np.ndarray], list[str]]:
    """Lesions that have a mask, each beside a copy with the border of its mask.

    Parameters
    ----------
    table : DataFrame
        With ``dx``, ``image_id``, ``path`` and ``mask_path``, which is "" where there is none.
    diagnoses : sequence of str
        Which to show, in order.
    n : int, default=2
        Lesions of each, the first ones of the table.

    Returns
    -------
    images : list of ndarray of uint8 of shape (height, width, 3)
        Empty where no lesion has a mask.
    titles : list of str
    """
    images: list[np.ndarray] = []
    titles: list[str] = []
    for dx in diagnoses:
        found = table[(table["dx"] == dx) & (table["mask_path"] != "")].head(n)
        for row in found.to_dict("records"):
            image = read_image(row["path"])
            images += [image, outlined(image, read_mask(row["mask_path"]))]
            titles += [f"{dx}: {row['image_id']}", "its outline"]
    return images, titles


def named_criteria(rows: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """The criteria that were painted on drawn lesions, by name.

    Parameters
    ----------
    rows : DataFrame
        With ``image_id`` and ``dx``.
    drawn : DataFrame
        Of :func:`helpers.explanation.drawn_criteria`.

    Returns
    -------
    DataFrame
        ``image``, ``code`` of the diagnosis, and ``criteria`` with commas between.
    """
    keys = drawn["criteria"].reindex(rows["image_id"])
    names = [", ".join(CRITERIA[key].name for key in found) for found in keys]
    return pd.DataFrame(
        {"image": rows["image_id"].to_numpy(), "code": rows["dx"].to_numpy(), "criteria": names}
    )
