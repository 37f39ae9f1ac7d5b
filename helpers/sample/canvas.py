"""Drawing by optical density: smooth fields, a lesion's outline, and the skin around it.

Colour is mixed as skin mixes it: pigments absorb (Beer-Lambert), so their densities add;
:mod:`helpers.sample.lighting` makes a picture of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

WIDTH, HEIGHT = 600, 450
CANVAS = 600
"""Side, in pixels, of the square on which a lesion is drawn before a view looks at it."""

ABSORPTION = np.array(
    [
        [0.50, 0.87, 1.20],  # melanin near the surface: brown
        [0.10, 0.92, 0.72],  # blood: red
        [0.95, 0.74, 0.42],  # melanin deep in the dermis: blue-grey (Tyndall effect)
        [0.04, 0.24, 0.80],  # keratin: yellow
    ],
    dtype=np.float32,
)
"""Absorption of one unit of melanin, blood, deep melanin and keratin in R, G and B."""

SKIN_TYPES = ("I", "II", "III", "IV", "V", "VI")
SKIN_MELANIN = (0.02, 0.07, 0.16, 0.32, 0.58, 0.95)
SKIN_SHARES = (0.18, 0.30, 0.24, 0.14, 0.09, 0.05)


@dataclass
class Lesion:
    """A lesion's densities on its own square canvas, before any view of it.

    Attributes
    ----------
    melanin, blood, deep, keratin : ndarray of shape (CANVAS, CANVAS)
        Densities; 0 is none, 1 a strong pigment.
    white : ndarray of shape (CANVAS, CANVAS)
        Share of light that white tissue scatters back, in [0, 1].
    inside : ndarray of shape (CANVAS, CANVAS)
        Soft outline: 1 well inside, 0 outside, 0.5 on the border.
    level : ndarray of shape (CANVAS, CANVAS)
        0 in the middle, 1 on the border, more outside.
    criterion : ndarray of bool of shape (CANVAS, CANVAS)
        Pixels of the criteria drawn so far.
    criteria : list of str
        Their names, in the order drawn.
    """

    inside: Field
    level: Field
    melanin: Field = field(init=False)
    blood: Field = field(init=False)
    deep: Field = field(init=False)
    keratin: Field = field(init=False)
    white: Field = field(init=False)
    criterion: Mask = field(init=False)
    criteria: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("melanin", "blood", "deep", "keratin", "white"):
            setattr(self, name, np.zeros_like(self.inside))
        self.criterion = np.zeros(self.inside.shape, dtype=bool)

    def mark(self, name: str, pixels: Mask) -> None:
        """Record that a criterion was drawn on these pixels."""
        self.criterion |= pixels
        if name not in self.criteria:
            self.criteria.append(name)


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], scale: float, octaves: int = 1
) -> Field:
    """Smooth random field of mean 0 and standard deviation about 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        (height, width).
    scale : float
        Size of the largest bumps, in pixels; each further octave halves it.
    octaves : int, default=1
        How many scales are added, each with 0.6 of the amplitude of the one before.

    Returns
    -------
    ndarray of float32 of shape ``shape``
    """
    # A smooth field needs no more than three samples a bump: draw it small, enlarge it once.
    finest = scale / 2 ** (octaves - 1)
    shrink = int(np.clip(finest / 2.5, 1, 8))
    height, width = -(-shape[0] // shrink), -(-shape[1] // shrink)
    total = np.zeros((height, width), dtype=np.float32)
    power = 0.0
    for octave in range(octaves):
        step = max(scale / 2**octave / shrink, 1.0)
        rows, columns = int(np.ceil(height / step)) + 4, int(np.ceil(width / step)) + 4
        grid = rng.standard_normal((rows, columns), dtype=np.float32)
        grown = cv2.resize(
            grid,
            (int(columns * step), int(rows * step)),
            interpolation=cv2.INTER_CUBIC if step > 1.5 else cv2.INTER_LINEAR,
        )
        # A random crop, so that no bump sits on a lattice.
        top = int(rng.integers(0, grown.shape[0] - height + 1))
        left = int(rng.integers(0, grown.shape[1] - width + 1))
        total += 0.6**octave * grown[top : top + height, left : left + width]
        power += 0.36**octave * (0.72 if step > 1.5 else 1.0)
    total *= np.float32(1 / np.sqrt(power))
    if shrink == 1:
        return total
    return enlarge(total, shape)


def absorb(*pigments: Field) -> Field:
    """Optical density in R, G and B, on a third axis, of amounts of the pigments in order."""
    present = [
        (amount, rates) for amount, rates in zip(pigments, ABSORPTION, strict=False) if amount.any()
    ]
    planes = [np.zeros_like(pigments[0]) for _ in range(3)]
    for amount, rates in present:
        for channel, plane in enumerate(planes):
            cv2.scaleAdd(amount, float(rates[channel]), plane, plane)
    return np.asarray(cv2.merge(planes), dtype=np.float32)


def enlarge(small: Field, shape: tuple[int, int]) -> Field:
    """Enlarge a field, of one or more channels, to (height, width)."""
    grown = cv2.resize(small, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, dtype=np.float32)


def sigmoid(values: Field) -> Field:
    """Logistic function of a float32 array, without overflow."""
    grown = cv2.exp(np.clip(np.asarray(values, dtype=np.float32) * -1, -60, 60))
    grown += 1
    return np.asarray(np.reciprocal(grown, out=grown))


def outline(
    rng: np.random.Generator,
    radius: float,
    irregularity: float,
    softness: float,
    elongation: float = 1.2,
    raggedness: float = 0.05,
) -> Lesion:
    """A lesion's empty canvas with an outline.

    Parameters
    ----------
    rng : numpy.random.Generator
    radius : float
        Mean radius in pixels; at most ``0.42 * CANVAS``.
    irregularity : float
        Amplitude of the lobes: 0.03 is nearly an ellipse, 0.25 strongly irregular.
    softness : float
        Width of the border as a share of the radius: 0.02 is sharp, 0.15 fades into skin.
    elongation : float, default=1.2
        Ratio of the axes.
    raggedness : float, default=0.05
        Amplitude of the fine wobble of the border.

    Returns
    -------
    Lesion
    """
    half = CANVAS // 2
    axis = (np.arange(half, dtype=np.float32) - half / 2 + 0.5) * 2
    y, x = axis[:, None], axis[None, :]
    turn = rng.uniform(0, np.pi)
    u = (np.cos(turn) * x + np.sin(turn) * y) / np.sqrt(elongation)
    v = (np.cos(turn) * y - np.sin(turn) * x) * np.sqrt(elongation)
    distance = np.sqrt(u * u + v * v)
    angle = cv2.phase(u, v)
    around = np.linspace(0, 2 * np.pi, 1024, endpoint=False)
    lobes = np.ones(1024)
    for k in range(2, 7):
        size = irregularity * rng.normal() / (k - 1) ** 1.1
        lobes += size * np.cos(k * around + rng.uniform(0, 2 * np.pi))
    border = (radius * np.clip(lobes, 0.45, 1.6)).astype(np.float32)
    across = np.hypot(np.cos(around) * np.sqrt(elongation), np.sin(around) / np.sqrt(elongation))
    border *= min(1.0, 0.42 * CANVAS / float((border * across).max()))
    level = distance / border[(angle * np.float32(1024 / (2 * np.pi))).astype(np.int32) & 1023]
    ragged = smooth_noise(rng, level.shape, radius * 0.22, octaves=4)
    level = level + raggedness * ragged * np.clip(level, 0, 1.2)
    # Nothing may reach the canvas' edge: views show what lies beyond it as bare skin.
    margin = np.clip((np.hypot(x, y) / half - 0.78) / 0.2, 0, 1)
    level = level + 1.5 * margin * margin
    level = enlarge(level, (CANVAS, CANVAS))
    return Lesion(inside=sigmoid((1 - level) / np.float32(softness * 0.5)), level=level)


def lesion_mask(lesion: Lesion) -> Mask:
    """The lesion's pixels: the largest piece inside the border, with its holes filled."""
    inside = (lesion.level < 1).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(inside)
    if contours:
        largest = max(contours, key=cv2.contourArea)
        cv2.drawContours(filled, [largest], -1, 1, cv2.FILLED)
    return filled.astype(bool)


def lesion_density(lesion: Lesion) -> Field:
    """Optical density of a lesion in R, G and B, of shape (CANVAS, CANVAS, 3).

    Negative where the lesion has less melanin than the skin around it, as in a network's holes.
    """
    return absorb(lesion.melanin, lesion.blood, lesion.deep, lesion.keratin)


@dataclass(frozen=True)
class Skin:
    """The skin around a lesion, the same in all its views: type, flush and texture."""

    skin_type: str
    melanin: float
    blood: float
    mottle: float
    freckles: float
    furrows: float


def draw_skin(rng: np.random.Generator) -> Skin:
    """Choose a person's skin, whatever the diagnosis."""
    index = int(rng.choice(len(SKIN_TYPES), p=SKIN_SHARES))
    return Skin(
        skin_type=SKIN_TYPES[index],
        melanin=SKIN_MELANIN[index] * rng.uniform(0.8, 1.25),
        blood=float(np.clip(rng.normal(0.13, 0.07), 0.02, 0.4)),
        mottle=float(rng.uniform(0.4, 1.5)),
        freckles=float(max(0.0, rng.normal(0.0, 0.10))),
        furrows=float(rng.uniform(0.2, 1.0)),
    )


def skin_density(rng: np.random.Generator, skin: Skin) -> Field:
    """Optical density of bare skin in one frame.

    Returns
    -------
    ndarray of float32 of shape (HEIGHT, WIDTH, 3)
        In R, G and B.
    """
    small = (HEIGHT // 2, WIDTH // 2)
    broad = smooth_noise(rng, small, 90, octaves=2)
    mottle = smooth_noise(rng, small, 20, octaves=4)
    spread = min(skin.melanin, 0.3)
    melanin = skin.melanin + spread * (0.10 * broad + 0.14 * skin.mottle * mottle)
    if skin.freckles > 0.02:
        spots = smooth_noise(rng, small, 26, octaves=3)
        melanin = melanin + skin.freckles * sigmoid(3.5 * (spots - 1.3))
    flush = smooth_noise(rng, small, 30, octaves=4)
    blood = skin.blood * (1 + 0.16 * skin.mottle * flush - 0.06 * broad)
    return enlarge(absorb(np.maximum(melanin, 0), np.maximum(blood, 0)), (HEIGHT, WIDTH))


def furrows(rng: np.random.Generator, strength: float) -> Field:
    """Fine skin lines: noise stretched along two crossing directions.

    Returns
    -------
    ndarray of float32 of shape (HEIGHT, WIDTH)
        Relative brightness around 1.
    """
    first = rng.uniform(0, np.pi)
    grain = rng.standard_normal((256, 128), dtype=np.float32).clip(-3, 3)
    coarse = np.asarray(128 + 42 * grain, dtype=np.uint8)  # bytes are warped faster than floats
    lines = []
    for turn in (first, first + rng.uniform(0.8, 1.6)):
        cos, sin = np.cos(turn), np.sin(turn)
        # Rows of the grain run across the lines (3.5 px apart), columns along them (26 px).
        matrix = np.array(
            [
                [cos / 26, sin / 26, 40 + rng.uniform(0, 40)],
                [-sin / 3.5, cos / 3.5, 100.0],
            ]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        reflect = cv2.BORDER_REFLECT
        size = (WIDTH, HEIGHT)
        lines.append(cv2.warpAffine(coarse, matrix, size, flags=flags, borderMode=reflect))
    step = 0.007 * strength / 42
    total = cv2.addWeighted(lines[0], step, lines[1], step, 1 - 256 * step, dtype=cv2.CV_32F)
    return np.asarray(total, dtype=np.float32)
