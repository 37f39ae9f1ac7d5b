"""Colour jitter: brightness, contrast, saturation and hue of a picture as one matrix.

Each of the four is an affine map of (red, green, blue), so that together they are one too: a
picture's colours are read and rounded once, whatever is changed.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

N_COLOUR_DRAWS = 4
"""Random numbers behind one matrix: brightness, contrast, saturation, hue."""

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in the lightness of a colour: ITU-R BT.601-7, section 2.5.1."""

MIDDLE = 127.5
"""Grey about which contrast changes."""


def _hue_turns() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Three matrices whose sum, the last two times cos and sin, turns colours about grey."""
    grey = np.full((3, 3), 1 / 3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    return grey, np.eye(3) - grey, cross


def colour_matrix(
    brightness: Any = 1.0, contrast: Any = 1.0, saturation: Any = 1.0, hue: Any = 0.0
) -> NDArray[np.float64]:
    """Compose four changes of colour into one matrix, or many at once.

    Parameters
    ----------
    brightness : float or ndarray of shape (batch_size,)
        Factor of all channels; 1 changes nothing.
    contrast : float or ndarray of shape (batch_size,)
        Factor of the distance from mid-grey.
    saturation : float or ndarray of shape (batch_size,)
        Factor of the distance from the grey of the same lightness; 0 leaves no colour.
    hue : float or ndarray of shape (batch_size,)
        Degrees by which colours turn about the axis of greys [1]_.

    Returns
    -------
    ndarray of shape (3, 4) or (batch_size, 3, 4)
        Takes (red, green, blue, 1) in 0..255 to the new colour, in this order: brightness,
        contrast, saturation, hue. Results outside 0..255 are cut there by whoever applies it.

    References
    ----------
    .. [1] Rodrigues' rotation formula, with the axis (1, 1, 1) / sqrt(3).
    """
    brightness, contrast, saturation, hue = (
        np.asarray(value, float)[..., None, None]
        for value in (brightness, contrast, saturation, hue)
    )
    grey, across, cross = _hue_turns()
    angle = np.radians(hue)
    turn = grey + np.cos(angle) * across + np.sin(angle) * cross
    lightness = np.tile(LUMA, (3, 1))
    mix = turn @ (saturation * np.eye(3) + (1 - saturation) * lightness)
    linear = mix * brightness * contrast
    # Greys stay as they are under the mix, so that the offset does too.
    offset = np.broadcast_to(MIDDLE * (1 - contrast), (*linear.shape[:-1], 1))
    return np.concatenate([linear, offset], axis=-1)


def draw_colours(
    ranges: tuple[float, float, float, float], numbers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Turn random numbers into the matrices of `colour_matrix`.

    Parameters
    ----------
    ranges : tuple of float
        Of brightness, contrast and saturation, whose factors are uniform in [1 - r, 1 + r],
        and of hue, uniform in [-r, r] degrees.
    numbers : ndarray of shape (N_COLOUR_DRAWS,) or (batch_size, N_COLOUR_DRAWS)
        Uniform in [0, 1).

    Returns
    -------
    ndarray of shape (3, 4) or (batch_size, 3, 4)
    """
    brightness, contrast, saturation, hue = (2 * numbers - 1).T * np.array(ranges).reshape(
        4, *[1] * (numbers.ndim - 1)
    )
    return colour_matrix(1 + brightness, 1 + contrast, 1 + saturation, hue)


def recolour(image: NDArray[np.uint8], matrix: NDArray[np.float64]) -> None:
    """Change the colours of an image of shape (height, width, 3) in the array itself."""
    cv2.transform(image, matrix, dst=image)
