"""Lesions with their skin around them and without it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.dataset import hide_background, read_image, read_mask, resize_image

Picture = NDArray[np.uint8]


def lesions_alone(
    catalogue: pd.DataFrame, image_size: tuple[int, int], n_classes: int = 6
) -> tuple[list[Picture], list[Picture], list[str]]:
    """The first picture of each of some classes, whole and with black outside of its mask.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx``, ``path`` and ``mask_path``; pictures without a mask are passed over.
    image_size : tuple of int
        Height and width in pixels.
    n_classes : int, default=6
        At most so many pictures.

    Returns
    -------
    whole, alone : list of ndarray of uint8 of shape (height, width, 3)
    dx : list of str
        The class of each.
    """
    with_mask = catalogue[catalogue["mask_path"] != ""]
    shown = with_mask.groupby("dx", observed=True).head(1).head(n_classes)
    whole = [resize_image(read_image(path), image_size) for path in shown["path"]]
    masks = [read_mask(path) for path in shown["mask_path"]]
    alone = [hide_background(picture, mask) for picture, mask in zip(whole, masks, strict=True)]
    return whole, alone, list(shown["dx"].astype(str))
