"""What lies in the picture besides the lesion: hair, ruler, gel bubbles, dark corners, ink.

None of it depends on the diagnosis, except a ruler that was asked to follow melanoma.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.sample.canvas import HEIGHT, WIDTH, Field, enlarge, sigmoid

Picture = NDArray[np.float32]

RATES = {"hair": 0.4, "ruler": 0.15, "bubbles": 0.15, "dark_corners": 0.2, "ink": 0.07}
"""Share of images that carry each nuisance, whatever the diagnosis."""


@dataclass(frozen=True)
class Nuisance:
    """Which nuisances one image carries."""

    hair: bool
    ruler: bool
    bubbles: bool
    dark_corners: bool
    ink: bool

    def flags(self) -> dict[str, int]:
        """Each name with 0 or 1, in the order of :data:`RATES`."""
        return {name: int(value) for name, value in asdict(self).items()}


def draw_nuisance(
    rng: np.random.Generator, is_melanoma: bool, ruler_follows_melanoma: float
) -> Nuisance:
    """Choose an image's nuisances.

    Parameters
    ----------
    rng : numpy.random.Generator
    is_melanoma : bool
    ruler_follows_melanoma : float
        Probability that a melanoma gets a ruler because it is one; otherwise it gets one at
        the base rate like every other image. 0 keeps the ruler class-neutral.

    Returns
    -------
    Nuisance
    """
    chance = {name: bool(rng.random() < rate) for name, rate in RATES.items()}
    tied = rng.random() < ruler_follows_melanoma
    if is_melanoma and tied:
        chance["ruler"] = True
    return Nuisance(**chance)


def _covered(cover: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp], Field]:
    """Rows, columns and shares (one column, 0 to 1) of the pixels that a drawing covers."""
    rows, columns = np.nonzero(cover)
    share = cover[rows, columns].astype(np.float32)[:, None] * np.float32(1 / 255)
    return rows, columns, share


def _paint(picture: Picture, cover: NDArray[Any], opacity: float, tone: Field) -> None:
    """Blend a tone into the pixels that a drawing covers, and touch no others."""
    rows, columns, share = _covered(cover)
    pixels = picture[rows, columns]
    picture[rows, columns] = pixels + share * np.float32(opacity) * (tone - pixels)


def add_hair(rng: np.random.Generator, picture: Picture) -> None:
    """Dark or fair hairs, curved, mostly in one direction, with a soft shadow."""
    cover = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    main = rng.uniform(0, np.pi)
    t = np.linspace(0, 1, 14)
    for _ in range(int(rng.integers(1, 16))):
        middle = rng.uniform((0, 0), (WIDTH, HEIGHT))
        angle = main + rng.normal(0, 0.4)
        length, bend = rng.uniform(50, 330), rng.normal(0, 0.22)
        along = (t - 0.5) * length
        across = bend * length * (t - 0.5) ** 2 * 2
        x = middle[0] + along * np.cos(angle) - across * np.sin(angle)
        y = middle[1] + along * np.sin(angle) + across * np.cos(angle)
        path = (np.stack([x, y], axis=1) * 8).astype(np.int32)
        shade = int(rng.integers(130, 256))
        thickness = int(rng.choice(3, p=[0.55, 0.35, 0.1])) + 1
        cv2.polylines(cover, [path], False, shade, thickness, cv2.LINE_AA, 3)
    tones = np.array([[38, 26, 24], [62, 40, 32], [96, 66, 52], [205, 195, 185]], np.float32)
    tone = tones[int(rng.choice(4, p=[0.5, 0.3, 0.13, 0.07]))]
    _paint(picture, cv2.GaussianBlur(cover, (0, 0), 0.7), 0.85, tone)


def add_ruler(rng: np.random.Generator, picture: Picture) -> None:
    """A millimetre scale along one side: ticks, each fifth longer, with numbers."""
    cover = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    step = rng.uniform(13, 21)
    edge = int(rng.integers(10, 40))
    side = int(rng.integers(0, 4))
    thickness = int(rng.integers(1, 3))
    extent = WIDTH if side % 2 == 0 else HEIGHT
    for i, place in enumerate(np.arange(rng.uniform(8, 30), extent - 5, step)):
        length = 24 if i % 5 == 0 else 13
        a: tuple[float, float]
        b: tuple[float, float]
        if side == 0:
            a, b = (place, edge), (place, edge + length)
        elif side == 1:
            a, b = (WIDTH - edge, place), (WIDTH - edge - length, place)
        elif side == 2:
            a, b = (place, HEIGHT - edge), (place, HEIGHT - edge - length)
        else:
            a, b = (edge, place), (edge + length, place)
        first, last = (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))
        cv2.line(cover, first, last, 255, thickness, cv2.LINE_AA)
        if i % 5 == 0:
            inward = ((-5, 16), (-22, 5), (-5, -6), (6, 5))[side]
            origin = (last[0] + inward[0], last[1] + inward[1])
            cv2.putText(
                cover,
                str(i // 5),
                origin,
                cv2.FONT_HERSHEY_SIMPLEX,
                0.45,
                255,
                1,
                cv2.LINE_AA,
            )
    _paint(picture, cover, 0.8, np.full(3, 35, np.float32))


def add_bubbles(rng: np.random.Generator, picture: Picture) -> None:
    """Bubbles of immersion gel: a faint dark ring, a bright rim, a highlight."""
    light = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    for _ in range(int(rng.integers(2, 12))):
        x, y = (int(v) for v in rng.uniform((0, 0), (WIDTH, HEIGHT)))
        radius = int(np.clip(rng.lognormal(2.3, 0.6), 4, 42))
        cv2.circle(light, (x, y), radius + 1, -22.0, 2, cv2.LINE_AA)
        cv2.circle(light, (x, y), radius, 30.0, 1, cv2.LINE_AA)
        spot = max(radius // 5, 1)
        place = (x - radius // 2, y - radius // 2)
        cv2.circle(light, place, spot, 95.0, cv2.FILLED, cv2.LINE_AA)
    soft = cv2.GaussianBlur(light, (0, 0), 0.9)
    rows, columns = np.nonzero(soft)
    picture[rows, columns] += soft[rows, columns, None]


def add_ink(rng: np.random.Generator, picture: Picture) -> None:
    """Surgical marker: a violet or blue stroke across one corner that lets skin show through."""
    cover = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    corner = np.array([rng.choice([0, WIDTH]), rng.choice([0, HEIGHT])], dtype=float)
    towards = np.array([WIDTH / 2, HEIGHT / 2]) - corner
    middle = corner + towards * rng.uniform(0.12, 0.35)
    across = np.arctan2(towards[1], towards[0]) + np.pi / 2 + rng.normal(0, 0.2)
    turn = across + np.cumsum(rng.normal(0, 0.15, 12))
    path = np.cumsum(16 * np.stack([np.cos(turn), np.sin(turn)], axis=1), axis=0)
    path += middle - path.mean(axis=0)
    thickness = int(rng.integers(8, 22))
    cv2.polylines(cover, [path.astype(np.int32)], False, 255, thickness, cv2.LINE_AA)
    tints = np.array([[0.45, 0.33, 0.72], [0.35, 0.45, 0.85]], np.float32)
    tint = tints[int(rng.integers(2))]
    rows, columns, share = _covered(cv2.GaussianBlur(cover, (0, 0), 3))
    picture[rows, columns] *= 1 - share * 0.85 * (1 - tint)


def dark_corners(rng: np.random.Generator) -> Field:
    """Brightness of a round dermatoscope field in a rectangular frame, in [0, 1].

    Returns
    -------
    ndarray of float32 of shape (HEIGHT, WIDTH)
    """
    # At half size: the rim is soft.
    x = np.arange(1, WIDTH, 2, dtype=np.float32)[None, :] - WIDTH / 2 - rng.normal(0, 14)
    y = np.arange(1, HEIGHT, 2, dtype=np.float32)[:, None] - HEIGHT / 2 - rng.normal(0, 10)
    radius = rng.uniform(290, 350)
    edge = rng.uniform(3, 16)
    distance = np.sqrt(x * x + y * y).astype(np.float32)
    inside = sigmoid((np.float32(radius) - distance) / np.float32(edge))
    return enlarge(0.06 + 0.94 * inside, (HEIGHT, WIDTH))


def add_nuisance(rng: np.random.Generator, picture: Picture, nuisance: Nuisance) -> None:
    """Draw the chosen nuisances on a picture, in place.

    Parameters
    ----------
    rng : numpy.random.Generator
    picture : ndarray of float32 of shape (HEIGHT, WIDTH, 3)
        RGB, about 0 to 255.
    nuisance : Nuisance
    """
    # Each part has a generator of its own, so that adding a ruler changes nothing but it.
    parts = rng.spawn(5)
    if nuisance.ink:
        add_ink(parts[0], picture)
    if nuisance.hair:
        add_hair(parts[1], picture)
    if nuisance.bubbles:
        add_bubbles(parts[2], picture)
    if nuisance.ruler:
        add_ruler(parts[3], picture)
    if nuisance.dark_corners:
        bright = dark_corners(parts[4])
        cv2.multiply(picture, cv2.merge((bright, bright, bright)), picture)
