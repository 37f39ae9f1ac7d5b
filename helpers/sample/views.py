"""Views: one lesion on skin, photographed at several angles, zooms and lights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.sample.artefacts import Nuisance, add_nuisance, draw_nuisance
from helpers.sample.canvas import (
    CANVAS,
    HEIGHT,
    WIDTH,
    Field,
    Lesion,
    Mask,
    Skin,
    draw_skin,
    furrows,
    lesion_density,
    lesion_mask,
    skin_density,
)
from helpers.sample.lesions import DRAW
from helpers.sample.lighting import draw_light, light_field, mix

AREA = (0.16, 0.58)
"""Smallest and largest share of the frame that a lesion fills, whatever `lesions.RADIUS` is."""

LARGEST_ZOOM = 1.5


@dataclass(frozen=True)
class Subject:
    """What all views of one lesion share: its drawing, outline's pixels, density, and the skin."""

    lesion: Lesion
    mask: Mask
    density: Field
    skin: Skin


@dataclass(frozen=True)
class View:
    """One image of a lesion.

    Attributes
    ----------
    picture : ndarray of uint8 of shape (HEIGHT, WIDTH, 3)
        RGB.
    mask, criterion : ndarray of bool of shape (HEIGHT, WIDTH)
        Pixels of the lesion, and of its class's own criteria.
    nuisance : Nuisance
    """

    picture: NDArray[np.uint8]
    mask: Mask
    criterion: Mask
    nuisance: Nuisance


def draw_subject(dx: str, seed: int, lesion_number: int) -> Subject:
    """Draw a lesion and choose its skin, from the seed and the lesion's number alone."""
    rng = np.random.default_rng([seed, lesion_number, 0])
    skin_rng, lesion_rng = rng.spawn(2)
    lesion = DRAW[dx](lesion_rng)
    return Subject(
        lesion=lesion,
        mask=lesion_mask(lesion),
        density=lesion_density(lesion),
        skin=draw_skin(skin_rng),
    )


def _placement(rng: np.random.Generator, mask: Mask) -> NDArray[np.float64]:
    """Affine from the lesion's canvas to the frame: turn, perhaps mirror, zoom, shift."""
    area = float(mask.sum()) / (WIDTH * HEIGHT)
    zoom = rng.uniform(0.86, 1.18)
    zoom = np.clip(zoom, np.sqrt(AREA[0] / max(area, 1e-3)), np.sqrt(AREA[1] / max(area, 1e-3)))
    zoom = min(float(zoom), LARGEST_ZOOM)
    turn = rng.uniform(0, 2 * np.pi)
    cos, sin = zoom * np.cos(turn), zoom * np.sin(turn)
    tilt = rng.uniform(0.94, 1.0)  # a dermatoscope that is not quite flat on the skin
    linear = np.array([[cos, -sin], [tilt * sin, tilt * cos]])
    target = np.array([WIDTH / 2, HEIGHT / 2]) + rng.normal(0, (26, 16)).clip(-60, 60)
    shift = target - linear @ np.array([CANVAS / 2, CANVAS / 2])
    return np.concatenate([linear, shift[:, None]], axis=1)


def draw_view(
    subject: Subject,
    dx: str,
    seed: int,
    lesion_number: int,
    view: int,
    ruler: float = 0.0,
) -> View:
    """Photograph a lesion once.

    Parameters
    ----------
    subject : Subject
    dx : str
        Diagnosis; only looked at where a ruler was asked to follow melanoma.
    seed, lesion_number : int
    view : int
        From 1 on.
    ruler : float, default=0.0
        See :func:`helpers.sample.artefacts.draw_nuisance`.

    Returns
    -------
    View
    """
    rng = np.random.default_rng([seed, lesion_number, view])
    place_rng, skin_rng, light_rng, choice_rng, nuisance_rng = rng.spawn(5)
    lesion = subject.lesion
    matrix = _placement(place_rng, subject.mask)
    density = _look(subject.density, matrix)
    density += skin_density(skin_rng, subject.skin)
    light = draw_light(light_rng)
    brightness = light_field(light)
    brightness *= furrows(skin_rng, subject.skin.furrows)
    picture = mix(density, _look(lesion.white, matrix), light, brightness)
    nuisance = draw_nuisance(choice_rng, dx == "mel", ruler)
    add_nuisance(nuisance_rng, picture, nuisance)
    if light.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), light.blur), dtype=np.float32)
    return View(
        picture=_expose(light_rng, picture, light.grain),
        mask=_look(subject.mask.view(np.uint8) * 255, matrix) > 127,
        criterion=_look(lesion.criterion.view(np.uint8) * 255, matrix) > 127,
        nuisance=nuisance,
    )


def _look(drawn: NDArray[Any], matrix: NDArray[np.float64]) -> NDArray[Any]:
    """What of a canvas the frame shows, under the placement's matrix."""
    return np.asarray(cv2.warpAffine(drawn, matrix, (WIDTH, HEIGHT)))


def _expose(rng: np.random.Generator, picture: Field, grain: float) -> NDArray[np.uint8]:
    """Round to bytes, with the sensor's grain (its standard deviation, in grey levels)."""
    noise = np.frombuffer(rng.bytes(HEIGHT * WIDTH), np.uint8).reshape(HEIGHT, WIDTH)
    scale = grain / 73.9  # the standard deviation of a uniform byte
    level = cv2.addWeighted(noise, scale, noise, 0, -127.5 * scale, dtype=cv2.CV_32F)
    shown = cv2.add(picture, cv2.merge((level, level, level)))
    return np.asarray(np.clip(shown, 0, 255, out=shown) + 0.5).astype(np.uint8)
