"""What CLAHE does to pictures, in numbers: histograms of lightness, contrast, real clip limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.augmentation import Clahe, equalise

Image = NDArray[np.uint8]


def lightness(image: Image) -> Image:
    """L of CIELAB of an RGB picture, shape (height, width), scaled to 0..255 as OpenCV does."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[..., 0], dtype=np.uint8)


def lightness_histogram(images: Iterable[Image]) -> NDArray[np.float64]:
    """Share of all pixels at each of the 256 levels of lightness; sums to 1."""
    counts = np.zeros(256)
    for image in images:
        counts += np.bincount(lightness(image).ravel(), minlength=256)
    return counts / max(counts.sum(), 1)


def contrast(images: Iterable[Image]) -> NDArray[np.float64]:
    """Standard deviation of the lightness within each picture, in levels of 0..255."""
    return np.array([float(lightness(image).std()) for image in images])


def pixels_a_bin(size: tuple[int, int], clahe: Clahe) -> int:
    """Pixels that a bin of a tile's histogram may hold: the clip limit as OpenCV applies it.

    Parameters
    ----------
    size : tuple of int
        (height, width) of the picture, padded by OpenCV to whole tiles.
    clahe : Clahe
        How it is equalised.

    Returns
    -------
    int
        At least 1. The mean bin holds (pixels a tile) / 256.

    Examples
    --------
    >>> pixels_a_bin((112, 144), Clahe()), pixels_a_bin((450, 600), Clahe())
    (1, 33)
    """
    tile = np.prod([-(-side // clahe.tiles) for side in size])
    return max(1, int(clahe.clip_limit * tile / 256))


def equalised(images: Iterable[Image], ways: Mapping[str, Clahe | None]) -> dict[str, list[Image]]:
    """The pictures under several equalisations; None leaves them as they are."""
    pictures = list(images)
    return {
        name: pictures if how is None else [equalise(picture, how) for picture in pictures]
        for name, how in ways.items()
    }


def contrast_table(pictures: Mapping[str, list[Image]]) -> pd.DataFrame:
    """Contrast of the same pictures under several equalisations.

    Parameters
    ----------
    pictures : mapping of str to list of images
        As of `equalised`, the unchanged ones first.

    Returns
    -------
    DataFrame
        A row a way: ``pictures are`` (its name), ``contrast``, the mean over pictures of the
        standard deviation of lightness, ``times``, its ratio to the first row, ``lightness``,
        its mean, and ``levels used``, the mean number of the 256 levels that occur in a picture.
    """
    rows = []
    for name, images in pictures.items():
        levels = [len(np.unique(lightness(image))) for image in images]
        mean = float(np.mean([lightness(image).mean() for image in images]))
        rows.append((name, float(contrast(images).mean()), mean, float(np.mean(levels))))
    table = pd.DataFrame(rows, columns=["pictures are", "contrast", "lightness", "levels used"])
    table.insert(2, "times", table["contrast"] / table["contrast"].iloc[0])
    return table
