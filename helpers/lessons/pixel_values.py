"""Values that pixels are given, those that a backbone expects, and what the wrong ones cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.models import find_backbone, preprocess
from helpers.statistics import difference

_CHUNK = 64
_ALIKE = 1.25


def preprocess_as(pixels: NDArray[Any], backbone: str) -> NDArray[np.float32]:
    """Give pixels the values that a backbone's ImageNet weights were trained on.

    Parameters
    ----------
    pixels : ndarray of shape (n_images, height, width, 3)
        RGB in 0..255, of any type.
    backbone : str
        A name in `helpers.models.backbones.BACKBONES`.

    Returns
    -------
    ndarray of float32 of the same shape
    """
    kind = find_backbone(backbone).preprocessing
    values = np.empty(pixels.shape, dtype=np.float32)
    for start in range(0, len(pixels), _CHUNK):
        part = pixels[start : start + _CHUNK].astype(np.float32)
        values[start : start + _CHUNK] = np.asarray(preprocess(part, kind))
    return values


def value_table(values: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """Smallest, mean and largest value of arrays of pixels, and their spread.

    Parameters
    ----------
    values : mapping of str to ndarray
        By the name of their preprocessing.

    Returns
    -------
    DataFrame of float
        Indexed by name: ``lowest``, ``mean``, ``highest`` and ``spread`` (standard deviation).
    """
    rows = {
        name: {
            "lowest": float(array.min()),
            "mean": float(array.mean(dtype=np.float64)),
            "highest": float(array.max()),
            "spread": float(array.std(dtype=np.float64)),
        }
        for name, array in values.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("pixels")


def contrast_in_words(given: float, expected: float) -> str:
    """How the spread of pixel values lies beside the one that a backbone expects.

    Parameters
    ----------
    given, expected : float
        Standard deviations, positive.

    Examples
    --------
    >>> contrast_in_words(0.2, 51.0), contrast_in_words(51.0, 0.4), contrast_in_words(51.0, 50.0)
    ('255 times too small', '128 times too large', 'about right')
    """
    if max(given, expected) < _ALIKE * min(given, expected):
        return "about right"
    if given < expected:
        return f"{expected / given:.0f} times too small"
    return f"{given / expected:.0f} times too large"


def over_starts(gaps: pd.DataFrame) -> pd.DataFrame:
    """What several starts say together of differences between scores.

    Parameters
    ----------
    gaps : DataFrame of Estimate of shape (n_starts, n_ways)
        Differences with their intervals, a column for each way that is compared with.

    Returns
    -------
    DataFrame
        Indexed by the way: ``mean`` of the differences, and ``higher`` and ``lower``, the number
        of starts whose whole interval lies above and below zero.
    """
    rows = {}
    for way, column in gaps.items():
        says = [difference(gap) for gap in column]
        rows[way] = {
            "mean": float(np.mean([gap.value for gap in column])),
            "higher": says.count("higher"),
            "lower": says.count("lower"),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("way")
