"""Contrast-limited adaptive histogram equalisation of a picture's lightness."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field


class Clahe(BaseModel):
    """How to equalise.

    Attributes
    ----------
    clip_limit : float
        A bin of a tile's histogram holds at most so many times the mean of the bins; what is
        above is spread over all of them. OpenCV counts in whole pixels, of which a tile of a
        small picture has few: every limit below 512 / (pixels a tile) is the same, one pixel
        a bin.
    tiles : int
        Tiles along each side of the picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    clip_limit: float = Field(2.0, gt=0, allow_inf_nan=False)
    tiles: int = Field(8, ge=1, le=64)


def equalise(image: NDArray[np.uint8], clahe: Clahe) -> NDArray[np.uint8]:
    """Equalise the lightness of a picture, and leave its colours as they are.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        RGB in 0..255.
    clahe : Clahe
        How.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        RGB whose L of CIELAB is equalised tile by tile, with the mappings of neighbouring tiles
        blended; its a and b are the picture's own, where RGB can show them.

    References
    ----------
    .. [1] Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV,
       1994.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    # Made anew each time: an equaliser keeps memory of its own and serves one thread only.
    equaliser = cv2.createCLAHE(clahe.clip_limit, (clahe.tiles, clahe.tiles))
    lab[..., 0] = equaliser.apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)
