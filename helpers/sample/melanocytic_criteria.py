"""Dermoscopic criteria, each drawn on a lesion's canvas together with the pixels it covers.

Every function adds densities to a :class:`helpers.sample.canvas.Lesion` and marks its own pixels.
``strength`` is about 1 for a textbook example and 0.3 for a faint one.

References
----------
.. [1] Argenziano et al., "Dermoscopy of pigmented skin lesions: results of a consensus meeting
   via the Internet", Journal of the American Academy of Dermatology 48 (2003) 679-693.
.. [2] Kittler et al., "Standardization of terminology in dermoscopy/dermatoscopy: results of
   the third consensus conference of the International Society of Dermoscopy", Journal of the
   American Academy of Dermatology 74 (2016) 1093-1106.
.. [3] Zalaudek et al., "Dermoscopy of facial nonpigmented actinic keratosis", British Journal
   of Dermatology 155 (2006) 951-956.
.. [4] Zaballos et al., "Dermoscopy of dermatofibromas: a prospective morphological study of
   412 cases", Archives of Dermatology 144 (2008) 75-83.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.sample.canvas import CANVAS, Field, Lesion, Mask, sigmoid, smooth_noise

SHAPE = (CANVAS, CANVAS)
SUBPIXEL = 3
"""Fractional bits of OpenCV's fixed-point drawing coordinates."""


def grow(pixels: Mask, radius: int) -> Mask:
    """Pixels within about ``radius`` of the given ones."""
    size = 2 * radius + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.dilate(pixels.astype(np.uint8), kernel).astype(bool)


def scatter(
    rng: np.random.Generator, where: Field, spacing: float, jitter: float = 0.45
) -> NDArray[np.float64]:
    """Points on a jittered hexagonal lattice, kept with the probability that ``where`` gives.

    Parameters
    ----------
    rng : numpy.random.Generator
    where : ndarray of shape (CANVAS, CANVAS)
        Probability of keeping a point, in [0, 1].
    spacing : float
        Pixels between neighbours.
    jitter : float, default=0.45
        Displacement as a share of the spacing; 0 is a perfect lattice.

    Returns
    -------
    ndarray of shape (n_points, 2)
        x and y in pixels.
    """
    rows = np.arange(0, CANVAS, spacing * 0.87)
    columns = np.arange(0, CANVAS, spacing)
    x, y = np.meshgrid(columns, rows)
    x = x + (np.arange(len(rows)) % 2)[:, None] * spacing / 2
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    points = points + rng.uniform(-jitter, jitter, points.shape) * spacing
    points = points[(points >= 2).all(axis=1) & (points < CANVAS - 3).all(axis=1)]
    column, row = points.astype(int).T
    return points[rng.random(len(points)) < where[row, column]]


def soften(rng: np.random.Generator, canvas: NDArray[np.uint8], blur: float, bend: float) -> Field:
    """Blur what was drawn with hard strokes, and displace it by ``bend`` pixels; 0 to 1."""
    blurred = cv2.GaussianBlur(canvas, (0, 0), blur)
    bend = min(bend, 5.0)
    axis = np.arange(CANVAS, dtype=np.float32)
    size = max(14.0, 6 * bend)
    x = axis[None, :] + bend * smooth_noise(rng, SHAPE, size)
    y = axis[:, None] + bend * smooth_noise(rng, SHAPE, size)
    bent = cv2.remap(blurred, x, y, cv2.INTER_LINEAR)
    return np.asarray(bent * np.float32(1 / 255))


def discs(
    rng: np.random.Generator, points: NDArray[np.float64], radius: tuple[float, float]
) -> Field:
    """Soft, slightly oval discs of random radius at the points; 1 inside, 0 outside."""
    canvas = np.zeros(SHAPE, dtype=np.uint8)
    one = 1 << SUBPIXEL
    for x, y in points:
        size = rng.uniform(*radius)
        stretch = rng.uniform(0.8, 1.25)
        centre = (int(x * one), int(y * one))
        axes = (
            max(int(size * stretch * one), one),
            max(int(size / stretch * one), one),
        )
        cv2.ellipse(
            canvas,
            centre,
            axes,
            float(rng.uniform(0, 180)),
            0,
            360,
            int(rng.integers(150, 256)),
            cv2.FILLED,
            cv2.LINE_AA,
            SUBPIXEL,
        )
    return soften(rng, canvas, max(0.9, 0.24 * radius[1]), 0.2 * radius[1])


def pigment_network(
    rng: np.random.Generator,
    lesion: Lesion,
    strength: float,
    spacing: float = 13.0,
    atypical: float = 0.0,
    where: Field | None = None,
) -> None:
    """Brown lines around paler holes: a grid that follows the rete ridges [1]_.

    Parameters
    ----------
    rng, lesion, strength
        See the module.
    spacing : float, default=13.0
        Pixels between the holes.
    atypical : float, default=0.0
        0 is regular (typical network); 1 has holes of unequal size, thick and broken lines.
    where : ndarray of shape (CANVAS, CANVAS), optional
        Where the network shows, in [0, 1]; the whole lesion by default.
    """
    margin = rng.uniform(0.72, 0.98) + 0.09 * smooth_noise(rng, SHAPE, 70, octaves=2)
    fading = sigmoid((margin - lesion.level) / np.float32(rng.uniform(0.03, 0.12)))
    where = fading if where is None else where * fading
    axis = np.arange(CANVAS, dtype=np.float32)
    # Shifts over many cells change the cells' size, shifts over two or three their shape.
    broad = (9.0 + 4 * atypical) * spacing / 13
    fine = (2.0 + 1.5 * atypical) * spacing / 13
    x = axis[None, :] + broad * smooth_noise(rng, SHAPE, spacing * 7)
    y = axis[:, None] + broad * smooth_noise(rng, SHAPE, spacing * 7)
    x += fine * smooth_noise(rng, SHAPE, spacing * 1.7)
    y += fine * smooth_noise(rng, SHAPE, spacing * 1.7)
    wave = np.float32(2 * np.pi / (0.87 * spacing))
    turn = rng.uniform(0, np.pi)
    holes = np.zeros(SHAPE, dtype=np.float32)
    for third in range(3):
        angle = turn + third * np.pi / 3
        ridges = cv2.polarToCart(  # the cosine of a float32 array, faster than numpy's
            np.ones(SHAPE, np.float32),
            wave * (np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y),
        )[0]
        holes += ridges * (1 + 0.25 * smooth_noise(rng, SHAPE, spacing * 5))
    thick = -0.3 + (0.35 + 0.4 * atypical) * smooth_noise(rng, SHAPE, spacing * 4)
    holes += (0.75 + 0.2 * atypical) * smooth_noise(rng, SHAPE, spacing * 0.8)
    lines = sigmoid((thick - holes) * 1.9)
    broken = smooth_noise(rng, SHAPE, spacing * 1.5, octaves=2)
    lines *= sigmoid(2.5 * (broken + 1.1 - 0.3 * atypical))
    patchy = smooth_noise(rng, SHAPE, spacing * 6, octaves=2)
    shown = where * sigmoid(3 * (patchy + 1.2 - 1.0 * atypical))
    lesion.melanin += strength * shown * (0.85 * lines - 0.22)
    lesion.mark(
        "atypical_network" if atypical > 0.45 else "pigment_network",
        (shown > 0.4) & (lesion.level < 1),
    )


def globules(
    rng: np.random.Generator,
    lesion: Lesion,
    strength: float,
    size: tuple[float, float] = (2.0, 4.0),
    spacing: float = 15.0,
    irregular: float = 0.0,
    where: Field | None = None,
) -> None:
    """Round brown dots and globules, evenly spread or (irregular) of many sizes in clumps [1]_."""
    where = np.asarray(lesion.level < 0.97, dtype=np.float32) if where is None else where
    clumps = sigmoid(4 * (smooth_noise(rng, SHAPE, 70, octaves=2) - 0.2))
    chance = where * ((1 - irregular) * 0.85 + irregular * 0.8 * clumps)
    points = scatter(rng, chance, spacing, jitter=0.25 + 0.4 * irregular)
    radius = (size[0] * (1 - 0.35 * irregular), size[1] * (1 + 0.5 * irregular))
    spots = discs(rng, points, radius)
    lesion.melanin += strength * spots * (0.8 + 0.5 * irregular)
    lesion.mark(
        "irregular_dots_globules" if irregular > 0.4 else "regular_dots_globules",
        grow(spots > 0.25, 2),
    )


def streaks(rng: np.random.Generator, lesion: Lesion, strength: float, sector: float) -> None:
    """Radial lines and pseudopods at the border of one sector (``sector`` in radians) [1]_."""
    canvas = np.zeros(SHAPE, dtype=np.uint8)
    middle = rng.uniform(0, 2 * np.pi)
    centre = CANVAS / 2
    reach = np.linspace(0, 1, 300)
    for angle in middle + np.sort(rng.uniform(-sector / 2, sector / 2, int(14 * sector))):
        ray = centre + reach[:, None] * 295 * np.array([[np.cos(angle), np.sin(angle)]])
        level = lesion.level[ray[:, 1].astype(int), ray[:, 0].astype(int)]
        beyond = np.flatnonzero(level > 1)
        border = reach[beyond[0]] * 295 if len(beyond) else 200.0
        start, end = border * rng.uniform(0.78, 0.9), border * rng.uniform(0.99, 1.1)
        lean = angle + rng.normal(0, 0.05)
        a = centre + start * np.array([np.cos(angle), np.sin(angle)])
        b = centre + end * np.array([np.cos(lean), np.sin(lean)])
        thickness = int(rng.integers(2, 5))
        cv2.line(
            canvas,
            a.astype(int).tolist(),
            b.astype(int).tolist(),
            255,
            thickness,
            cv2.LINE_AA,
        )
        if rng.random() < 0.4:
            cv2.circle(canvas, b.astype(int).tolist(), thickness, 255, cv2.FILLED, cv2.LINE_AA)
    lines = soften(rng, canvas, 2.2, 2.5)
    lesion.melanin += strength * 1.0 * lines
    lesion.mark("streaks", grow(lines > 0.25, 2) & (lesion.level < 1.2))


def blob(rng: np.random.Generator, lesion: Lesion, share: float, edge: float = 4.0) -> Field:
    """Soft irregular region that covers about ``share`` of the lesion, off its middle."""
    noise = smooth_noise(rng, SHAPE, 150, octaves=4)
    inner = lesion.level < 0.9
    if not inner.any():
        return np.zeros(SHAPE, dtype=np.float32)
    cut = np.quantile(noise[inner][::17], 1 - share)
    return sigmoid(edge * (noise - np.float32(cut))) * sigmoid((0.88 - lesion.level) * 14)


def blue_white_veil(
    rng: np.random.Generator, lesion: Lesion, strength: float, share: float
) -> None:
    """Structureless blue area under a white haze, over part of the lesion [1]_."""
    veil = blob(rng, lesion, share)
    lesion.melanin *= 1 - 0.45 * strength * veil
    lesion.deep += 1.0 * strength * veil
    lesion.white += 0.22 * strength * veil
    lesion.mark("blue_white_veil", (veil > 0.5) & (lesion.level < 1))


def regression(rng: np.random.Generator, lesion: Lesion, strength: float, share: float) -> None:
    """Scar-like white area with grey-blue peppering [1]_."""
    scar = blob(rng, lesion, share)
    lesion.melanin *= 1 - 0.75 * strength * scar
    lesion.white += 0.25 * strength * scar
    pepper = discs(rng, scatter(rng, scar * 0.5, 8, 0.6), (1.0, 1.9))
    lesion.deep += 0.6 * strength * pepper
    lesion.mark("regression_structures", (scar > 0.5) & (lesion.level < 1))
