"""The criteria that a drawn sample records: their names, their pixels, and their outlines."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import DataError
from helpers.dataset import read_image, read_mask
from helpers.sample import CRITERIA

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


def outlined(image: Image, mask: Mask, fade: float = 0.0) -> Image:
    """Outline a region on a copy of an image.

    Parameters
    ----------
    image : ndarray of uint8 of shape (height, width, 3)
        RGB.
    mask : ndarray of bool of shape (mask_height, mask_width)
        The region; stretched to the image's size where it has another.
    fade : float, default=0
        How far all outside the region turns to light grey, in [0, 1]: fine structures cannot be
        told by their outline alone.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3)
        The border in white between black, a few pixels wide; specks too small for it are left
        out.

    Raises
    ------
    ValueError
        If ``fade`` is not in [0, 1].
    """
    if not 0 <= fade <= 1:
        raise ValueError(f"fade: expected a share from 0 to 1 but got {fade}; 0 fades nothing")
    height, width = image.shape[:2]
    region = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    grey = 0.35 * cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] + 0.65 * 235.0
    faded = (1 - fade) * image + fade * grey
    picture = np.where(region[..., None] > 0, image, faded).astype(np.uint8)
    contours, _ = cv2.findContours(region, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    line = max(1, round(width / 300))
    large = [contour for contour in contours if cv2.contourArea(contour) >= 6 * line**2]
    for colour, thickness in (((0, 0, 0), line + 2), ((255, 255, 255), line)):
        cv2.drawContours(picture, large, -1, colour, thickness, cv2.LINE_AA)
    return picture


def criteria_beside(rows: pd.DataFrame, table: pd.DataFrame) -> list[Image]:
    """Pictures of drawn lesions, each followed by a copy that shows only its criteria.

    Parameters
    ----------
    rows : DataFrame
        Of a catalogue: ``image_id`` and ``path``.
    table : DataFrame
        Of `drawn_criteria`.

    Returns
    -------
    list of ndarray of uint8 of shape (height, width, 3)
        Two for each row.
    """
    pictures = []
    for image_id, path in zip(rows["image_id"], rows["path"], strict=True):
        image = read_image(str(path))
        mask = read_criterion_mask(table, str(image_id))
        pictures += [image, outlined(image, mask, fade=0.8)]
    return pictures


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
