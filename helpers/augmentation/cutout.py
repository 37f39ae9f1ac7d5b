"""Cutout: a square of a picture hidden under mid-grey."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CUTOUT_VALUE = 128
"""Grey level of the square. The method's authors fill with the data set's mean, which tells a
network nothing. Mid-grey comes nearer to that than black, the colour of hair, of the dark corners
that a dermatoscope leaves, and of the fill mode "constant"."""

Box = tuple[Any, Any, Any, Any]
"""First row, row after the last, first column, column after the last; in pixels. Numbers, or
arrays with one for each of a batch."""


def cutout_box(cutout: float, size: tuple[int, int], draws: NDArray[np.float64]) -> Box:
    """Place the square.

    Parameters
    ----------
    cutout : float
        Its side as a share of the image's shorter side, in (0, 1).
    size : tuple of int
        (height, width) of the image in pixels.
    draws : ndarray of shape (2,) or (2, batch_size)
        Uniform in [0, 1): where its centre is, down and across. Every pixel of the image may be
        the centre, so part of the square may lie outside.

    Returns
    -------
    tuple of int, or of ndarray of shape (batch_size,)
        What of it lies inside; never empty.

    References
    ----------
    .. [1] DeVries & Taylor, "Improved regularization of convolutional neural networks with
       cutout", arXiv:1708.04552, 2017.
    """
    height, width = size
    side = max(1, round(cutout * min(size)))
    top = np.floor(draws[0] * height).astype(int) - side // 2
    left = np.floor(draws[1] * width).astype(int) - side // 2
    return (
        np.maximum(top, 0),
        np.minimum(top + side, height),
        np.maximum(left, 0),
        np.minimum(left + side, width),
    )


def fill_box(image: NDArray[Any], box: Box | NDArray[np.intp]) -> None:
    """Hide what is in the box, in the array itself, of shape (height, width, ...)."""
    top, bottom, left, right = box
    image[top:bottom, left:right] = CUTOUT_VALUE
