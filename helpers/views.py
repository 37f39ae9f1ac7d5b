"""Views: one lesion on skin, photographed at several angles, zooms and lights."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.drawing import (
    CANVAS,
    HEIGHT,
    WIDTH,
    Lesion,
    Mask,
    Skin,
    draw_light,
    draw_skin,
    furrows,
    lesion_mask,
    light_field,
    mix,
    skin_density,
)
from helpers.lesions import DRAW
from helpers.nuisance import Nuisance, add_nuisance, draw_nuisance

AREA = (0.16, 0.58)
"""Smallest and largest share of the frame that a lesion fills."""

LARGEST_ZOOM = 1.5


@dataclass(frozen=True)
class Subject:
    """What all views of one lesion share: its drawing, its outline's pixels, and the skin."""

    lesion: Lesion
    mask: Mask
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
    return Subject(lesion=lesion, mask=lesion_mask(lesion), skin=draw_skin(skin_rng))


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
        See :func:`helpers.nuisance.draw_nuisance`.

    Returns
    -------
    View
    """
    rng = np.random.default_rng([seed, lesion_number, view])
    place_rng, skin_rng, light_rng, choice_rng, nuisance_rng = rng.spawn(5)
    lesion = subject.lesion
    matrix = _placement(place_rng, subject.mask)
    size = (WIDTH, HEIGHT)
    pigments = cv2.merge((lesion.melanin, lesion.blood, lesion.deep, lesion.keratin))
    rest = cv2.merge(
        (
            lesion.white,
            subject.mask.astype(np.float32),
            lesion.criterion.astype(np.float32),
        )
    )
    melanin, blood, deep, keratin = cv2.split(cv2.warpAffine(pigments, matrix, size))
    white, mask, criterion = cv2.split(cv2.warpAffine(rest, matrix, size))

    skin_melanin, skin_blood = skin_density(skin_rng, subject.skin)
    light = draw_light(light_rng)
    brightness = light_field(light) * furrows(skin_rng, subject.skin.furrows)
    densities = (
        np.maximum(melanin + skin_melanin, 0),
        np.maximum(blood + skin_blood, 0),
        np.maximum(deep, 0),
        np.maximum(keratin, 0),
    )
    picture = mix(densities, np.asarray(white, dtype=np.float32), light, brightness)
    nuisance = draw_nuisance(choice_rng, dx == "mel", ruler)
    add_nuisance(nuisance_rng, picture, nuisance)
    if light.blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), light.blur), dtype=np.float32)
    grain = light_rng.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32)
    picture = np.asarray(picture + grain * np.float32(light.grain), dtype=np.float32)
    return View(
        picture=np.asarray(cv2.convertScaleAbs(np.maximum(picture, 0)), dtype=np.uint8),
        mask=mask > 0.5,
        criterion=criterion > 0.5,
        nuisance=nuisance,
    )
