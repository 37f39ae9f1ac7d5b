"""The seven diagnoses as combinations of criteria, from textbook examples to confusing ones.

Each class has typical and atypical members: some nevi are irregular, some melanomas early and
nearly symmetric, some keratoses and carcinomas pigmented. How strong a criterion shows varies
from lesion to lesion, which is what makes the drawn sample confusable.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.sample import melanocytic_criteria as c
from helpers.sample import nonmelanocytic_criteria as o
from helpers.sample.canvas import CANVAS, Lesion, enlarge, outline, sigmoid, smooth_noise

SHAPE = (CANVAS, CANVAS)
RADIUS = {
    "akiec": (125, 205),
    "bcc": (120, 195),
    "bkl": (125, 215),
    "df": (122, 190),
    "mel": (130, 220),
    "nv": (122, 210),
    "vasc": (120, 180),
}
"""Range of the mean radius on the canvas, in pixels; every class overlaps every other.

How much of a picture the lesion fills is kept within `helpers.sample.views.AREA`.
"""


def _radius(rng: np.random.Generator, dx: str) -> float:
    return float(rng.uniform(*RADIUS[dx]))


def _strength(rng: np.random.Generator, low: float = 0.35, high: float = 1.15) -> float:
    return float(rng.uniform(low, high))


def _clarity(rng: np.random.Generator, vague: float) -> float:
    """Factor of a criterion's strength: 1, or much less in the given share of lesions."""
    return float(rng.uniform(0.25, 0.55)) if rng.random() < vague else 1.0


def _side(rng: np.random.Generator, lesion: Lesion) -> np.ndarray:
    """A gradient across the lesion, 0 on one side and 1 on the other."""
    axis = (np.arange(CANVAS, dtype=np.float32) - CANVAS / 2) / 170
    turn = rng.uniform(0, 2 * np.pi)
    across = np.float32(np.cos(turn)) * axis[None, :] + np.float32(np.sin(turn)) * axis[:, None]
    return sigmoid(4 * across + 1.2 * smooth_noise(rng, SHAPE, 90, octaves=3))


def _base(
    rng: np.random.Generator,
    lesion: Lesion,
    melanin: float,
    blood: float,
    variation: float,
    centre: float = 0.0,
) -> None:
    """Background colour of the lesion, mottled, darker (or paler) towards its middle."""
    small = (CANVAS // 2, CANVAS // 2)
    shade = 1 + variation * smooth_noise(rng, small, 35, octaves=4)
    if centre:
        shade += centre * (0.5 - np.clip(lesion.level[::2, ::2], 0, 1.2))
    flush = 1 + 0.25 * smooth_noise(rng, small, 28, octaves=3)
    for pigment, amount, least, field in (
        (lesion.melanin, melanin, 0.08, shade),
        (lesion.blood, blood, 0.0, flush),
    ):
        field = np.maximum(field, least) * np.float32(amount)
        pigment += lesion.inside * enlarge(field.astype(np.float32), SHAPE)


def nevus(rng: np.random.Generator) -> Lesion:
    """Melanocytic nevus: symmetric, one or two browns, regular network, dots or globules."""
    atypical = rng.random() < 0.34
    irregularity = rng.uniform(0.08, 0.19) if atypical else rng.uniform(0.015, 0.07)
    lesion = outline(
        rng,
        _radius(rng, "nv"),
        irregularity,
        rng.uniform(0.10, 0.32),
        rng.uniform(1.0, 1.5),
        rng.uniform(0.03, 0.09),
    )
    melanin = float(np.clip(rng.lognormal(-0.38, 0.42), 0.25, 1.6))
    _base(
        rng,
        lesion,
        melanin,
        rng.uniform(0.0, 0.28),
        rng.uniform(0.25, 0.5) if atypical else rng.uniform(0.08, 0.2),
        rng.choice([0.0, 0.5, 1.0]),
    )
    if atypical:
        lesion.melanin *= 0.75 + rng.uniform(0.2, 0.6) * _side(rng, lesion)
    clear = _clarity(rng, 0.35)
    kind = rng.choice(["reticular", "globular", "mixed"], p=[0.5, 0.25, 0.25])
    if kind != "globular":
        spread = 0.3 + 0.5 * atypical
        strength = clear * _strength(rng)
        c.pigment_network(rng, lesion, strength, rng.uniform(9, 17), rng.uniform(0, spread))
    if kind != "reticular":
        where = None
        if kind == "mixed" or rng.random() < 0.4:
            low = rng.uniform(0.0, 0.75) if kind == "globular" else 0.72
            where = ((lesion.level > low) & (lesion.level < 0.97)).astype(np.float32)
        c.globules(
            rng,
            lesion,
            clear * _strength(rng, 0.4, 1.0),
            (2.0, rng.uniform(3.2, 5.5)),
            rng.uniform(12, 20),
            rng.uniform(0, 0.8 if atypical else 0.3),
            where,
        )
    if atypical and rng.random() < 0.35:
        c.blue_white_veil(rng, lesion, rng.uniform(0.2, 0.6), rng.uniform(0.1, 0.25))
    if rng.random() < 0.12:  # papillomatous nevi have keratin cysts and plugs too
        o.milia_like_cysts(rng, lesion, _strength(rng, 0.3, 0.8), rng.uniform(45, 90))
        if rng.random() < 0.5:
            o.comedo_like_openings(rng, lesion, _strength(rng, 0.3, 0.8), rng.uniform(45, 90))
    return lesion


def melanoma(rng: np.random.Generator) -> Lesion:
    """Melanoma: asymmetric, many colours, atypical network, irregular dots, streaks, veil."""
    early = rng.random() < 0.40
    pale = not early and rng.random() < 0.08
    lesion = outline(
        rng,
        _radius(rng, "mel"),
        rng.uniform(0.03, 0.12) if early else rng.uniform(0.11, 0.22),
        rng.uniform(0.08, 0.25) if early else rng.uniform(0.05, 0.2),
        rng.uniform(1.0, 1.6),
        rng.uniform(0.06, 0.15),
    )
    melanin = 0.18 if pale else float(np.clip(rng.lognormal(-0.24, 0.42), 0.3, 1.9))
    blood = rng.uniform(0.35, 0.6) if pale else rng.uniform(0.0, 0.28)
    variation = rng.uniform(0.1, 0.35) if early else rng.uniform(0.22, 0.55)
    _base(rng, lesion, melanin, blood, variation, rng.uniform(-0.3, 0.6))
    clear = _clarity(rng, 0.35)
    depth = rng.uniform(0.1, 0.5) if early else rng.uniform(0.5, 0.95)
    lesion.melanin *= 1 - 0.6 * depth + 1.2 * depth * _side(rng, lesion)
    c.pigment_network(
        rng,
        lesion,
        clear * _strength(rng, 0.35, 1.1) * (0.5 if pale else 1),
        rng.uniform(10, 18),
        rng.uniform(0.2, 0.6) if early else rng.uniform(0.5, 1.0),
        _side(rng, lesion),
    )
    if rng.random() < (0.4 if early else 0.7):
        strength, irregular = clear * _strength(rng, 0.5, 1.2), rng.uniform(0.3, 1.0)
        c.globules(rng, lesion, strength, (2.0, 5.0), rng.uniform(13, 18), irregular)
    if rng.random() < (0.1 if early else 0.35):
        c.streaks(rng, lesion, clear * _strength(rng, 0.5, 1.0), rng.uniform(0.8, 2.5))
    if rng.random() < (0.15 if early else 0.5):
        c.blue_white_veil(
            rng, lesion, max(clear, 0.5) * _strength(rng, 0.35, 0.95), rng.uniform(0.12, 0.4)
        )
    if rng.random() < (0.1 if early else 0.3):
        c.regression(rng, lesion, _strength(rng, 0.4, 0.9), rng.uniform(0.1, 0.25))
    if rng.random() < 0.12:  # melanomas that resemble a keratosis
        o.milia_like_cysts(rng, lesion, _strength(rng, 0.3, 0.8), rng.uniform(45, 90))
        o.comedo_like_openings(rng, lesion, _strength(rng, 0.3, 0.8), rng.uniform(45, 90))
    return lesion


def benign_keratosis(rng: np.random.Generator) -> Lesion:
    """Seborrhoeic keratosis, solar lentigo or lichen-planus-like keratosis."""
    kind = rng.choice(["seborrhoeic", "lentigo", "lichenoid"], p=[0.62, 0.22, 0.16])
    sharp = kind != "lichenoid"
    lesion = outline(
        rng,
        _radius(rng, "bkl"),
        rng.uniform(0.04, 0.14),
        rng.uniform(0.02, 0.16) if sharp else rng.uniform(0.08, 0.22),
        rng.uniform(1.0, 1.5),
        rng.uniform(0.06, 0.16) if kind == "lentigo" else rng.uniform(0.03, 0.10),
    )
    melanin = float(np.clip(rng.lognormal(-0.62, 0.5), 0.15, 1.5))
    if kind == "lentigo":
        melanin *= 0.7
    _base(rng, lesion, melanin, rng.uniform(0.0, 0.25), rng.uniform(0.12, 0.4))
    clear = _clarity(rng, 0.4)
    mimics = kind != "lichenoid" and rng.random() < 0.28  # looks melanocytic
    if mimics:
        lesion.melanin *= 0.8 + rng.uniform(0.0, 0.5) * _side(rng, lesion)
        c.pigment_network(
            rng, lesion, _strength(rng, 0.3, 0.8), rng.uniform(10, 17), rng.uniform(0, 0.9)
        )
        if rng.random() < 0.5:
            strength, irregular = _strength(rng, 0.4, 1.0), rng.uniform(0, 0.9)
            c.globules(rng, lesion, strength, (2.0, 5.0), rng.uniform(13, 22), irregular)
        if rng.random() < 0.3:
            c.blue_white_veil(rng, lesion, rng.uniform(0.2, 0.6), rng.uniform(0.1, 0.3))
    lesion.keratin += lesion.inside * np.float32(rng.uniform(0.0, 0.5))
    if kind == "lichenoid":
        grey = c.blob(rng, lesion, rng.uniform(0.3, 0.6), 3.0)
        lesion.deep += rng.uniform(0.15, 0.45) * grey
        c.regression(rng, lesion, _strength(rng, 0.3, 0.7), rng.uniform(0.2, 0.4))
    else:
        lesion.deep += lesion.inside * np.float32(max(0.0, rng.normal(0.03, 0.12)))
    if kind == "lentigo" and not mimics and rng.random() < 0.6:
        c.pigment_network(rng, lesion, _strength(rng, 0.2, 0.6), rng.uniform(9, 13), 0.3)
    if kind == "seborrhoeic" and rng.random() < 0.4:
        o.fissures(rng, lesion, clear * _strength(rng))
    dense = 1.0 if kind == "seborrhoeic" else 1.5
    dense *= 1.4 if mimics else 1.0
    o.milia_like_cysts(rng, lesion, clear * _strength(rng), dense * rng.uniform(36, 75))
    if rng.random() < (0.8 if kind == "seborrhoeic" else 0.3):
        o.comedo_like_openings(rng, lesion, clear * _strength(rng), dense * rng.uniform(36, 75))
    return lesion


def basal_cell_carcinoma(rng: np.random.Generator) -> Lesion:
    """Basal cell carcinoma: pearly pink, arborising vessels, leaf-like areas, nests."""
    lesion = outline(
        rng,
        _radius(rng, "bcc"),
        rng.uniform(0.04, 0.14),
        rng.uniform(0.12, 0.35),
        rng.uniform(1.0, 1.5),
        rng.uniform(0.05, 0.12),
    )
    pigmented = rng.random() < 0.45
    _base(
        rng,
        lesion,
        rng.uniform(0.12, 0.4) if pigmented else rng.uniform(0.0, 0.15),
        rng.uniform(0.12, 0.4),
        0.4,
    )
    clear = _clarity(rng, 0.4)
    pearl = c.blob(rng, lesion, rng.uniform(0.3, 0.6), 2.0)
    lesion.white += rng.uniform(0.08, 0.28) * pearl
    vessels = not pigmented or rng.random() < 0.5
    if pigmented:
        leaves = rng.random() < 0.65
        if leaves:
            o.leaf_like_areas(rng, lesion, clear * _strength(rng), int(rng.integers(2, 5)))
        if not leaves or rng.random() < 0.6:
            o.blue_grey_nests(rng, lesion, max(clear, 0.5) * _strength(rng), rng.uniform(45, 80))
    if vessels:
        strength = max(clear, 0.45) * _strength(rng, 0.4, 1.1)
        o.arborising_vessels(rng, lesion, strength, int(rng.integers(1, 5)))
    if rng.random() < (0.5 if clear < 1 else 0.12):  # superficial ones scale like a keratosis
        o.scale(rng, lesion, _strength(rng, 0.3, 0.9), rng.uniform(0.1, 0.4))
        if rng.random() < 0.5:
            o.strawberry_pattern(rng, lesion, rng.uniform(0.15, 0.5), rng.uniform(15, 26))
    if rng.random() < 0.25:
        sore = c.blob(rng, lesion, rng.uniform(0.04, 0.12), 7.0)
        lesion.blood += rng.uniform(0.4, 1.0) * sore
        lesion.keratin += rng.uniform(0.2, 0.7) * sore
        lesion.mark("ulceration", (sore > 0.5) & (lesion.level < 1))
    return lesion


def actinic_keratosis(rng: np.random.Generator) -> Lesion:
    """Actinic keratosis or Bowen's disease: strawberry pattern, scale, pink to red."""
    lesion = outline(
        rng,
        _radius(rng, "akiec"),
        rng.uniform(0.06, 0.18),
        rng.uniform(0.12, 0.35),
        rng.uniform(1.0, 1.6),
        rng.uniform(0.08, 0.18),
    )
    pigmented = rng.random() < 0.3
    _base(
        rng,
        lesion,
        rng.uniform(0.25, 0.55) if pigmented else rng.uniform(0.0, 0.18),
        rng.uniform(0.15, 0.45),
        0.5,
    )
    clear = _clarity(rng, 0.4)
    o.strawberry_pattern(rng, lesion, clear * _strength(rng, 0.3, 0.95), rng.uniform(15, 26))
    if rng.random() < 0.7:
        o.scale(rng, lesion, _strength(rng), rng.uniform(0.15, 0.5))
    if rng.random() < (0.5 if clear < 1 else 0.15):  # vessels as in a carcinoma, fewer and finer
        o.arborising_vessels(rng, lesion, _strength(rng, 0.2, 0.6), int(rng.integers(1, 3)))
    if pigmented and rng.random() < 0.4:  # and pigment as in a solar lentigo
        strength = _strength(rng, 0.2, 0.6)
        c.pigment_network(rng, lesion, strength, rng.uniform(10, 16), rng.uniform(0.2, 0.8))
    return lesion


def dermatofibroma(rng: np.random.Generator) -> Lesion:
    """Dermatofibroma: central white patch, delicate peripheral network, soft border."""
    lesion = outline(
        rng,
        _radius(rng, "df"),
        rng.uniform(0.015, 0.07),
        rng.uniform(0.25, 0.5),
        rng.uniform(1.0, 1.3),
        rng.uniform(0.02, 0.06),
    )
    _base(
        rng,
        lesion,
        rng.uniform(0.18, 0.6),
        rng.uniform(0.05, 0.35),
        rng.uniform(0.1, 0.2),
    )
    ring = sigmoid((lesion.level - 0.4) / 0.1)
    if rng.random() < 0.85:
        c.pigment_network(
            rng,
            lesion,
            _strength(rng, 0.25, 0.7),
            rng.uniform(9, 13),
            rng.uniform(0, 0.25),
            ring,
        )
    o.central_white_patch(rng, lesion, _strength(rng, 0.3, 1.1), rng.uniform(0.28, 0.58))
    return lesion


def vascular_lesion(rng: np.random.Generator) -> Lesion:
    """Angioma, angiokeratoma or haemorrhage: red, purple or black lacunae, sharp border."""
    lesion = outline(
        rng,
        _radius(rng, "vasc"),
        rng.uniform(0.03, 0.12),
        rng.uniform(0.03, 0.16),
        rng.uniform(1.0, 1.4),
        rng.uniform(0.03, 0.09),
    )
    purple = float(np.clip(rng.beta(0.9, 1.3), 0, 1))
    _base(rng, lesion, rng.uniform(0.0, 0.15), rng.uniform(0.2, 0.75), 0.2)
    lesion.deep += lesion.inside * np.float32(0.2 * purple)
    o.lacunae(rng, lesion, _strength(rng, 0.4, 1.25), rng.uniform(22, 58), purple)
    if rng.random() < 0.4:
        lesion.white += rng.uniform(0.08, 0.3) * c.blob(rng, lesion, rng.uniform(0.2, 0.4), 3.0)
    return lesion


DRAW: dict[str, Callable[[np.random.Generator], Lesion]] = {
    "akiec": actinic_keratosis,
    "bcc": basal_cell_carcinoma,
    "bkl": benign_keratosis,
    "df": dermatofibroma,
    "mel": melanoma,
    "nv": nevus,
    "vasc": vascular_lesion,
}
"""The function that draws a lesion of each diagnosis."""
