"""Pictures of the lesion alone: what lies outside of its mask is painted black."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import digest, read_bytes

_RULE = "black outside of the mask"


def resize_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at another size: True where at least half of the pixel was inside."""
    height, width = size
    area = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(area >= 0.5)


def hide_background(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Paint what lies outside of a mask black.

    Parameters
    ----------
    image : ndarray of uint8 of shape (height, width, 3)
        RGB.
    mask : ndarray of bool of shape (mask_height, mask_width)
        True inside the lesion, at any size.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3)
        A copy. A mask with nothing inside would leave nothing of the picture, so it hides nothing.
    """
    inside = resize_mask(mask, (image.shape[0], image.shape[1]))
    return np.where(inside[..., None], image, np.uint8(0)) if inside.any() else image.copy()


def masked_catalogue(catalogue: pd.DataFrame) -> pd.DataFrame:
    """A catalogue whose pictures show the lesion alone, as far as they have masks.

    Parameters
    ----------
    catalogue : DataFrame
        As made by `helpers.dataset.catalogue.load_catalogue`.

    Returns
    -------
    DataFrame
        The same rows with a column ``background_mask``, the locator of the mask that
        `helpers.dataset.image_store.open_store` applies to the decoded picture, "" where there is
        none: those pictures stay as they are. ``digest`` changes where there is a mask, and follows
        from the bytes of both files, so that stores and trials of masked pictures have names of
        their own. No picture is written.
    """
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_masked_digest, catalogue["digest"], catalogue["mask_path"]))
    masked = catalogue.assign(digest=digests, background_mask=catalogue["mask_path"])
    masked.attrs = dict(catalogue.attrs)
    return masked


def _masked_digest(of_image: str, mask_path: str) -> str:
    if not mask_path:
        return of_image
    return digest([of_image, hashlib.sha256(read_bytes(mask_path)).hexdigest(), _RULE])
