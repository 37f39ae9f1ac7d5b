"""The criteria that a drawn sample records: their names, their pixels, and their outlines."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.atlas import CRITERIA
from helpers.catalogue import read_mask
from helpers.errors import DataError

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def drawn_criteria(folder: str | Path) -> pd.DataFrame:
    """What was drawn on each image of a drawn sample.

    Parameters
    ----------
    folder : str or Path
        Of a source whose ``drawn`` is True.

    Returns
    -------
    DataFrame
        Indexed by ``image_id``: ``criteria`` (list of str), ``mask_path`` (str), ``skin_type``,
        and a 0/1 column for each nuisance.

    Raises
    ------
    DataError
        If the folder records no criteria, as one of real images does not.
    """
    path = Path(folder) / "criteria" / "criteria.csv"
    if not path.is_file():
        raise DataError(
            f"{path}: expected the criteria of a drawn sample but there are none; only "
            "the source 'sample' has them"
        )
    table = pd.read_csv(path, index_col="image_id")
    criteria = (
        table["criteria"].fillna("").map(lambda text: [name for name in text.split(";") if name])
    )
    places = [str(path.parent / f"{image_id}_criteria.png") for image_id in table.index]
    return table.assign(criteria=criteria, mask_path=places)


def read_criterion_mask(table: pd.DataFrame, image_id: str) -> Mask:
    """Pixels of an image that show a criterion of its own diagnosis.

    Parameters
    ----------
    table : DataFrame
        Of `drawn_criteria`.
    image_id : str
        One of its rows.

    Returns
    -------
    ndarray of bool of shape (height, width)
        True where any of its criteria was drawn.
    """
    return read_mask(str(table.loc[image_id, "mask_path"]))


def outlined(image: Image, mask: Mask, width: int = 2) -> Image:
    """Outline a region on a copy of an image.

    Parameters
    ----------
    image : ndarray of uint8 of shape (height, width, 3)
        RGB.
    mask : ndarray of bool of shape (height, width)
        The region; small specks and gaps in it are closed first, so that the line stays
        readable.
    width : int, default=2
        Of the white line, in pixels; a black line as wide on either side sets it off.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3)

    Raises
    ------
    ValueError
        If the two differ in size.
    """
    if mask.shape != image.shape[:2]:
        raise ValueError(
            f"expected a mask of the image's size {image.shape[:2]} but got {mask.shape}; "
            "resize one of them"
        )
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    region = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    contours, _ = cv2.findContours(region, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    large = [contour for contour in contours if cv2.contourArea(contour) >= 12]
    picture = np.ascontiguousarray(image.copy())
    for colour, thickness in (((0, 0, 0), width + 2), ((255, 255, 255), width)):
        cv2.drawContours(picture, large, -1, colour, thickness, cv2.LINE_AA)
    return picture


def criterion_frequencies(table: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """How often each criterion was drawn on its own diagnoses and on the others.

    Parameters
    ----------
    table : DataFrame
        Of `drawn_criteria`.
    catalogue : DataFrame
        With ``image_id``, ``lesion_id`` and ``dx``.

    Returns
    -------
    DataFrame
        ``criterion, 繁體中文, speaks for``, and shares of lesions in [0, 1]: ``there`` among the
        diagnoses that it speaks for, ``elsewhere`` among all others; NaN without such lesions.
    """
    lesions = catalogue.drop_duplicates("lesion_id")
    drawn = table["criteria"].reindex(lesions["image_id"])
    rows = []
    for key, criterion in CRITERIA.items():
        shown = np.array([key in names for names in drawn], dtype=bool)
        own = lesions["dx"].isin(criterion.classes).to_numpy()
        rows.append(
            {
                "criterion": criterion.name,
                "繁體中文": criterion.name_zh,
                "speaks for": ", ".join(criterion.classes),
                "there": shown[own].mean() if own.any() else np.nan,
                "elsewhere": shown[~own].mean() if (~own).any() else np.nan,
            }
        )
    return pd.DataFrame(rows)
