"""Dermoscopic criteria of the lesions that do not come from melanocytes.

Same conventions and references as :mod:`helpers.sample.melanocytic_criteria`.
"""

from __future__ import annotations

import cv2
import numpy as np

from helpers.sample.canvas import CANVAS, Field, Lesion, sigmoid, smooth_noise
from helpers.sample.melanocytic_criteria import SHAPE, SUBPIXEL, blob, discs, grow, scatter, soften


def milia_like_cysts(
    rng: np.random.Generator, lesion: Lesion, strength: float, spacing: float = 48.0
) -> None:
    """Small round white to yellow dots: keratin cysts of a seborrhoeic keratosis [1]_."""
    points = scatter(rng, 0.6 * (lesion.level < 0.88).astype(np.float32), spacing, 0.6)
    spots = discs(rng, points, (2.5, 6.5))
    lesion.melanin *= 1 - 0.6 * strength * spots
    lesion.white += 0.5 * strength * spots
    lesion.keratin += 0.15 * strength * spots
    lesion.mark("milia_like_cysts", grow(spots > 0.25, 2))


def comedo_like_openings(
    rng: np.random.Generator, lesion: Lesion, strength: float, spacing: float = 42.0
) -> None:
    """Roundish brown-black plugs: keratin in dilated follicles [1]_."""
    points = scatter(rng, 0.6 * (lesion.level < 0.9).astype(np.float32), spacing, 0.6)
    spots = discs(rng, points, (3.0, 7.5))
    lesion.melanin += 0.9 * strength * spots
    lesion.keratin += 0.7 * strength * spots
    lesion.mark("comedo_like_openings", grow(spots > 0.25, 2))


def fissures(rng: np.random.Generator, lesion: Lesion, strength: float) -> None:
    """Dark clefts and pale ridges of a brain-like surface [1]_."""
    noise = smooth_noise(rng, SHAPE, 30, octaves=3)
    clefts = np.exp(-((noise / 0.16) ** 2)) * sigmoid((0.93 - lesion.level) * 16)
    lesion.melanin += strength * (0.5 * clefts - 0.08 * lesion.inside)
    lesion.keratin += strength * 0.25 * clefts
    lesion.mark("fissures_ridges", (clefts > 0.5) & (lesion.level < 1))


def _branch(
    rng: np.random.Generator,
    canvas: np.ndarray,
    start: np.ndarray,
    angle: float,
    width: float,
    length: float,
) -> None:
    steps = max(int(length / 7), 3)
    turns = np.cumsum(rng.normal(0, 0.16, steps)) + angle
    moves = 7 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    path = start + np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
    widths = np.linspace(width, 0.55 * width, steps)
    fixed = (path * (1 << SUBPIXEL)).astype(np.int32)
    for i in range(steps):
        thickness = max(1, round(widths[i]))
        a, b = fixed[i].tolist(), fixed[i + 1].tolist()
        cv2.line(canvas, a, b, 255, thickness, cv2.LINE_AA, SUBPIXEL)
        if i > 1 and width > 1.1 and rng.random() < 0.3:
            side = rng.choice([-1, 1]) * rng.uniform(0.5, 1.1)
            _branch(rng, canvas, path[i], turns[i] + side, widths[i] * 0.6, length * 0.55)


def arborising_vessels(
    rng: np.random.Generator, lesion: Lesion, strength: float, n_trunks: int
) -> None:
    """Bright red trunks in focus that branch into ever finer vessels [1]_."""
    canvas = np.zeros(SHAPE, dtype=np.uint8)
    radius = float(np.sqrt((lesion.level < 1).sum() / np.pi))
    for _ in range(n_trunks):
        around = rng.uniform(0, 2 * np.pi)
        away = radius * rng.uniform(0.35, 0.95) * np.array([np.cos(around), np.sin(around)])
        inward = around + np.pi + rng.normal(0, 0.6)
        _branch(
            rng,
            canvas,
            CANVAS / 2 + away,
            inward,
            rng.uniform(2.5, 4.5),
            radius * rng.uniform(0.7, 1.2),
        )
    vessels = soften(rng, canvas, 1.1, 1.5)
    vessels *= sigmoid((1.08 - lesion.level) * 25)
    lesion.blood += 1.0 * strength * vessels
    lesion.melanin += 0.12 * strength * vessels
    lesion.mark("arborising_vessels", grow(vessels > 0.3, 2) & (lesion.level < 1.1))


def leaf_like_areas(
    rng: np.random.Generator, lesion: Lesion, strength: float, n_leaves: int
) -> None:
    """Brown to grey-blue bulbs that join at a base near the border, like a maple leaf [1]_."""
    canvas = np.zeros(SHAPE, dtype=np.uint8)
    radius = float(np.sqrt((lesion.level < 1).sum() / np.pi))
    first = rng.uniform(0, 2 * np.pi)
    for around in first + rng.uniform(-1.3, 1.3, n_leaves):
        base = CANVAS / 2 + radius * rng.uniform(0.55, 0.8) * np.array(
            [np.cos(around), np.sin(around)]
        )
        for lean in np.linspace(-0.9, 0.9, int(rng.integers(3, 6))):
            angle = around + lean + rng.normal(0, 0.12)
            size = radius * rng.uniform(0.07, 0.13)
            tip = base + size * np.array([np.cos(angle), np.sin(angle)])
            cv2.ellipse(
                canvas,
                tip.astype(int).tolist(),
                (int(size) + 2, int(0.42 * size) + 2),
                float(np.degrees(angle)),
                0,
                360,
                255,
                cv2.FILLED,
                cv2.LINE_AA,
            )
    leaves = soften(rng, canvas, 4.0, 4.0)
    brown = rng.uniform(0.2, 0.9)
    lesion.melanin += strength * brown * leaves
    lesion.deep += strength * (1.0 - 0.7 * brown) * leaves
    lesion.mark("leaf_like_areas", (leaves > 0.35) & (lesion.level < 1.15))


def blue_grey_nests(
    rng: np.random.Generator, lesion: Lesion, strength: float, spacing: float = 60.0
) -> None:
    """Ovoid nests and globules, blue-grey because the pigment lies deep [1]_."""
    points = scatter(rng, 0.4 * (lesion.level < 0.85).astype(np.float32), spacing, 0.6)
    large = discs(rng, points, (6.0, 16.0))
    dots = scatter(rng, 0.18 * (lesion.level < 0.95).astype(np.float32), 20, 0.6)
    nests = np.maximum(large, discs(rng, dots, (1.5, 3.0)))
    lesion.deep += 0.85 * strength * nests
    lesion.melanin += 0.2 * strength * nests
    lesion.mark("blue_grey_ovoid_nests", (nests > 0.3) & (lesion.level < 1))


def strawberry_pattern(
    rng: np.random.Generator, lesion: Lesion, strength: float, spacing: float = 19.0
) -> None:
    """Red pseudo-network of small vessels around white-yellow follicles with a dark dot [3]_."""
    shown = lesion.inside * sigmoid(2.5 * (smooth_noise(rng, SHAPE, 110, octaves=2) + 1.0))
    points = scatter(rng, 0.9 * shown, spacing, 0.3)
    follicles = discs(rng, points, (0.22 * spacing, 0.34 * spacing))
    fine = smooth_noise(rng, SHAPE, 7, octaves=2)
    net = shown * np.clip(1 - 1.4 * follicles, 0, 1) * sigmoid(2 * fine + 0.6)
    lesion.blood += 0.75 * strength * net
    lesion.white += 0.28 * strength * follicles
    lesion.keratin += 0.22 * strength * follicles
    lesion.melanin += 0.35 * strength * discs(rng, points, (0.8, 1.6))
    lesion.mark("strawberry_pattern", (shown > 0.5) & (lesion.level < 1))


def scale(rng: np.random.Generator, lesion: Lesion, strength: float, share: float) -> None:
    """White to yellow surface scale in ragged flakes [3]_."""
    area = blob(rng, lesion, share, edge=5.0)
    flakes = sigmoid(4 * (smooth_noise(rng, SHAPE, 22, octaves=4) - 0.25)) * area
    lesion.white += 0.5 * strength * flakes
    lesion.keratin += 0.35 * strength * flakes
    lesion.mark("scale", (flakes > 0.35) & (lesion.level < 1))


def central_white_patch(
    rng: np.random.Generator, lesion: Lesion, strength: float, size: float
) -> None:
    """Scar-like white patch in the middle, with fibres that radiate from it [4]_."""
    wobble = np.float32(0.07) * smooth_noise(rng, SHAPE, 45, octaves=3)
    patch = sigmoid(((size - lesion.level + wobble) / 0.055).astype(np.float32))
    axis = np.arange(CANVAS, dtype=np.float32) - CANVAS / 2
    _, angle = cv2.cartToPolar(
        np.broadcast_to(axis[None, :], SHAPE).copy(),
        np.broadcast_to(axis[:, None], SHAPE).copy(),
    )
    spokes = rng.standard_normal(72).astype(np.float32)
    table = np.repeat(spokes, 5)
    table = np.convolve(np.r_[table[-6:], table, table[:6]], np.hanning(9) / 4, "valid")[2:362]
    bent = np.asarray(angle) * (180 / np.pi) + 9 * smooth_noise(rng, SHAPE, 40, octaves=2)
    rays: Field = table.astype(np.float32)[bent.astype(np.int16) % 360]
    fibres = sigmoid(np.asarray(2 * rays + 12 * wobble, dtype=np.float32)) * sigmoid(
        (size + 0.22 - lesion.level) / 0.06
    )
    lesion.melanin *= 1 - 0.8 * strength * patch
    lesion.white += strength * (0.32 * patch + 0.14 * fibres * (0.4 + patch))
    lesion.blood += 0.12 * strength * patch * (1 - fibres)
    lesion.mark("central_white_patch", (patch > 0.5) & (lesion.level < 1))


def lacunae(
    rng: np.random.Generator,
    lesion: Lesion,
    strength: float,
    spacing: float,
    purple: float,
) -> None:
    """Sharply bounded round red, purple or black lakes of blood [1]_.

    Parameters
    ----------
    rng, lesion, strength
        See :mod:`helpers.sample.melanocytic_criteria`.
    spacing : float
        Pixels between the lakes' middles.
    purple : float
        0 is bright red; 1 is purple to black (slow or clotted blood).
    """
    chance = 0.93 * (lesion.level < 0.9).astype(np.float32)
    points = scatter(rng, chance, spacing, 0.35)
    lakes: Field = discs(rng, points, (0.36 * spacing, 0.62 * spacing))
    depth = 0.75 + 0.4 * smooth_noise(rng, SHAPE, 60, octaves=2)
    lesion.blood += strength * lakes * np.clip(depth, 0.3, 2.0)
    lesion.deep += strength * purple * lakes * np.clip(depth, 0.2, 2.0) * 0.55
    lesion.mark("lacunae", (lakes > 0.4) & (lesion.level < 1.05))
