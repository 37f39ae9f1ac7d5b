"""Cutout: a square of a picture hidden under mid-grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CUTOUT_VALUE = 128
"""Grey level of the square. The method's authors fill with the data set's mean, which tells a
network nothing. Mid-grey comes nearer to that than black, the colour of hair, of the dark corners
that a dermatoscope leaves, and of the fill mode "constant"."""

Box = tuple[int, int, int, int]
"""First row, row after the last, first column, column after the last; in pixels."""


def cutout_box(cutout: float, size: tuple[int, int], draws: NDArray[np.float64]) -> Box:
    """Place the square.

    Parameters
    ----------
    cutout : float
        Its side as a share of the image's shorter side, in (0, 1).
    size : tuple of int
        (height, width) of the image in pixels.
    draws : ndarray of shape (2,)
        Uniform in [0, 1): where its centre is, down and across. Every pixel of the image may be
        the centre, so part of the square may lie outside.

    Returns
    -------
    tuple of int
        What of it lies inside; never empty.

    References
    ----------
    .. [1] DeVries & Taylor, "Improved regularization of convolutional neural networks with
       cutout", arXiv:1708.04552, 2017.
    """
    height, width = size
    side = max(1, round(cutout * min(size)))
    top = int(draws[0] * height) - side // 2
    left = int(draws[1] * width) - side // 2
    return max(top, 0), min(top + side, height), max(left, 0), min(left + side, width)


def fill_box(image: NDArray[Any], box: Box) -> None:
    """Hide what is in the box, in the array itself, of shape (height, width, ...)."""
    top, bottom, left, right = box
    image[top:bottom, left:right] = CUTOUT_VALUE
