"""Light and camera: from optical densities to a picture.

The picture is ``light * exp(-density)``; keratin and scar tissue scatter, which blends to white.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.sample.canvas import HEIGHT, WIDTH, Field

WHITE_TISSUE = (0.97, 0.90, 0.90)
"""Colour of keratin and scar tissue in R, G and B."""


@dataclass(frozen=True)
class Light:
    """The light and the camera of one view: gains in R, G and B, gradient, sharpness, grain."""

    gains: NDArray[np.float32]
    tilt: tuple[float, float]
    fall_off: float
    blur: float
    grain: float


def draw_light(rng: np.random.Generator) -> Light:
    """Choose a view's light, whatever the diagnosis."""
    exposure = rng.normal(0.95, 0.05)
    # Dermatoscopes differ from warm (salmon) to cold (lilac): red against blue, and green.
    warmth, tint = rng.normal(0.02, 0.06), rng.normal(0.0, 0.035)
    gains = exposure * np.array([1.0 + 0.5 * warmth, 0.94 + tint, 0.97 - warmth])
    return Light(
        gains=np.clip(gains, 0.6, 1.0).astype(np.float32),
        tilt=(float(rng.normal(0, 0.05)), float(rng.normal(0, 0.05))),
        fall_off=float(rng.uniform(0.02, 0.22)),
        blur=float(rng.choice([0.0, 0.0, 0.6, 1.0])),
        grain=float(rng.uniform(0.6, 2.2)),
    )


def light_field(light: Light) -> Field:
    """Relative brightness of the frame: a tilt and a fall-off towards the corners."""
    y = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None, :]
    return np.asarray(
        1 + light.tilt[0] * x + light.tilt[1] * y - light.fall_off * 0.5 * (x * x + y * y),
        dtype=np.float32,
    )


def mix(density: Field, white: Field, light: Light, brightness: Field) -> Field:
    """Picture of pigments under a light.

    Parameters
    ----------
    density : ndarray of float32 of shape (height, width, 3)
        Optical density in R, G and B; below 0 counts as 0.
    white : ndarray of float32 of shape (height, width)
        Share of light that white tissue scatters back, in [0, 1].
    light : Light
    brightness : ndarray of float32 of shape (height, width)
        Relative brightness.

    Returns
    -------
    ndarray of float32 of shape (height, width, 3)
        RGB, about 0 to 255, not clipped.

    References
    ----------
    .. [1] Anderson and Parrish, "The optics of human skin", Journal of Investigative
       Dermatology 77 (1981) 13-19.
    """
    passed = cv2.exp(np.minimum(-density, 0))
    share = np.clip(white, 0, 1) * brightness
    clear = (brightness - share) * np.float32(0.97 * 255)
    share *= np.float32(255)
    planes = []
    for channel, passing in enumerate(cv2.split(passed)):
        plane = cv2.multiply(passing, clear, scale=float(light.gains[channel]))
        planes.append(
            cv2.scaleAdd(share, WHITE_TISSUE[channel] * float(light.gains[channel]), plane)
        )
    return np.asarray(cv2.merge(planes), dtype=np.float32)
