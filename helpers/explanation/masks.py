"""How much of a heat map lies inside a mask, with masks at the size of the maps."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from helpers.dataset import read_mask, resize_mask

FULL_FRAME = 0.98
"""A mask that covers more of its image than this says nothing about where to look."""


def mass_inside(maps: ArrayLike, masks: ArrayLike) -> NDArray[np.float64]:
    """Share of each map's sum that lies inside a mask.

    Parameters
    ----------
    maps : array-like of shape (n_images, height, width)
        Not negative.
    masks : array-like of shape (n_images, height, width), bool
        True inside.

    Returns
    -------
    ndarray of shape (n_images,)
        In [0, 1]; NaN where a map is zero everywhere. A map without preference has the
        mask's share of the area.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> mass_inside([[[1, 3]]], [[[False, True]]]).tolist()
    [0.75]
    """
    heat, inside = np.asarray(maps, dtype=float), np.asarray(masks, dtype=bool)
    if heat.shape != inside.shape:
        raise ValueError(f"expected masks of the maps' shape {heat.shape}, got {inside.shape}")
    total = heat.sum(axis=(1, 2))
    part = (heat * inside).sum(axis=(1, 2))
    return np.divide(part, total, out=np.full(len(heat), np.nan), where=total > 0)


def lesion_masks(rows: pd.DataFrame, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Lesion masks of catalogue rows, shape (n_images, height, width)."""
    return np.stack([resize_mask(read_mask(locator), size) for locator in rows["mask_path"]])


def criteria_masks(rows: pd.DataFrame, folder: Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Masks of the criteria that a drawn image was given, shape (n_images, height, width)."""
    paths = [folder / "criteria" / f"{image_id}_criteria.png" for image_id in rows["image_id"]]
    masks = [read_mask(str(path)).astype(np.float32) for path in paths]
    height, width = size
    # Criteria are thin (a network, vessels): any part of the pixel counts.
    shrunk = [cv2.resize(m, (width, height), interpolation=cv2.INTER_AREA) > 0 for m in masks]
    return np.stack(shrunk)
