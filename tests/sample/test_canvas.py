"""Fields, outlines, skin, light and nuisance."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.sample.artefacts import RATES, Nuisance, add_nuisance, dark_corners, draw_nuisance
from helpers.sample.canvas import (
    CANVAS,
    HEIGHT,
    WIDTH,
    absorb,
    draw_skin,
    lesion_mask,
    outline,
    sigmoid,
    skin_density,
    smooth_noise,
)
from helpers.sample.lighting import Light, draw_light, light_field, mix

WHITE_LIGHT = Light(np.ones(3, dtype=np.float32), (0.0, 0.0), 0.0, 0.0, 0.0)


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("scale", "octaves"), [(60, 1), (25, 3), (7, 2), (2, 1)])
def test_smooth_noise_is_standard(scale: float, octaves: int) -> None:
    """Mean about 0 and standard deviation about 1 at every scale, as float32."""
    field = np.stack([smooth_noise(_rng(i), (300, 400), scale, octaves) for i in range(4)])
    assert field.dtype == np.float32
    assert abs(field.mean()) < 0.25
    assert 0.7 < field.std() < 1.3


def test_smooth_noise_scale_is_in_pixels() -> None:
    """Neighbours of a coarse field are more alike than those of a fine one."""

    def step(scale: float) -> float:
        field = smooth_noise(_rng(), (300, 300), scale)
        return float(np.abs(np.diff(field, axis=1)).mean())

    assert step(80) < 0.5 * step(20) < 0.5 * step(4)


def test_sigmoid_has_no_overflow() -> None:
    """Extreme values end at 0 and 1 without a warning."""
    with np.errstate(all="raise", under="ignore"):
        values = sigmoid(np.array([-1e4, 0, 1e4], dtype=np.float32))
    assert np.allclose(values, [0, 0.5, 1], atol=1e-6)


def test_outline_has_the_radius_asked_for() -> None:
    """The mask's area is that of the radius; an irregular border is longer than a smooth one."""
    areas, solidity = [], []
    for irregularity in (0.02, 0.25):
        masks = [lesion_mask(outline(_rng(i), 150, irregularity, 0.1)) for i in range(6)]
        areas.append(np.mean([mask.sum() for mask in masks]))
        edges = [np.abs(np.diff(mask.astype(int), axis=0)).sum() / mask.sum() for mask in masks]
        solidity.append(np.mean(edges))
    assert areas[0] == pytest.approx(np.pi * 150**2, rel=0.15)
    assert solidity[1] > solidity[0]


@pytest.mark.parametrize("elongation", [1.0, 2.2])
def test_lesion_ends_before_its_canvas(elongation: float) -> None:
    """Even a large, soft, ragged lesion has faded out at the canvas' edge: a view shows no seam."""
    for seed in range(12):
        inside = outline(_rng(seed), 0.42 * CANVAS, 0.3, 0.3, elongation, 0.1).inside
        edge = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
        assert edge.max() < 0.01


def test_outline_is_deterministic() -> None:
    """The same generator draws the same outline."""
    first, second = (outline(_rng(5), 140, 0.1, 0.1) for _ in range(2))
    assert np.array_equal(first.level, second.level)
    assert first.level.shape == (CANVAS, CANVAS)


@pytest.mark.parametrize(
    ("pigment", "order"),
    [(0, "rgb"), (1, "rbg"), (3, "rgb")],
    ids=["melanin is brown", "blood is red", "keratin is yellow"],
)
def test_pigments_have_their_colours(pigment: int, order: str) -> None:
    """One unit of a pigment leaves the channels in the order of its colour."""
    densities = [np.zeros((4, 4), dtype=np.float32) for _ in range(4)]
    densities[pigment] += 1
    none, bright = np.zeros((4, 4), dtype=np.float32), np.ones((4, 4), dtype=np.float32)
    colour = dict(zip("rgb", mix(absorb(*densities), none, WHITE_LIGHT, bright)[0, 0], strict=True))
    assert colour[order[0]] > colour[order[1]] > colour[order[2]]


def test_deep_melanin_is_blue_and_white_is_white() -> None:
    """Melanin in the dermis looks blue; full scattering hides every pigment."""
    none, one = np.zeros((4, 4), dtype=np.float32), np.ones((4, 4), dtype=np.float32)
    red, _, blue = mix(absorb(none, none, one, none), none, WHITE_LIGHT, one)[0, 0]
    assert blue > red
    covered = mix(absorb(one, one, one, one), one, WHITE_LIGHT, one)[0, 0]
    assert covered.min() > 220


def test_darker_skin_types_are_darker() -> None:
    """Drawn skin gets darker from Fitzpatrick type I to VI, and each type occurs."""
    by_type: dict[str, list[float]] = {}
    for seed in range(200):
        skin = draw_skin(_rng(seed))
        by_type.setdefault(skin.skin_type, []).append(skin.melanin)
    assert len(by_type) == 6
    means = [np.mean(by_type[name]) for name in ("I", "II", "III", "IV", "V", "VI")]
    assert means == sorted(means)
    density = skin_density(_rng(), draw_skin(_rng()))
    assert density.shape == (HEIGHT, WIDTH, 3)
    assert density.min() >= 0


def test_light_varies_within_bounds() -> None:
    """Lights differ, and none blackens or burns out the frame."""
    fields = [draw_light(_rng(i)) for i in range(40)]
    assert np.ptp([light.gains.mean() for light in fields]) > 0.05
    for light in fields:
        bright = light_field(light)[..., None] * light.gains
        assert bright.min() > 0.3
        assert bright.max() < 1.6


@pytest.mark.parametrize("name", list(RATES))
def test_each_nuisance_shows_and_stays_local(name: str) -> None:
    """A nuisance changes some pixels and leaves most as they were, except the dark corners."""
    plain = np.full((HEIGHT, WIDTH, 3), 190, dtype=np.float32)
    only = Nuisance(**{other: other == name for other in RATES})
    shares = []
    for seed in range(12):
        changed = plain.copy()
        add_nuisance(_rng(seed), changed, only)
        shares.append(float((np.abs(changed - plain).max(axis=2) > 8).mean()))
    assert min(shares) > 0.0005
    assert max(shares) < (0.6 if name == "dark_corners" else 0.35)
    untouched = plain.copy()
    add_nuisance(_rng(2), untouched, Nuisance(False, False, False, False, False))
    assert np.array_equal(plain, untouched)


def test_dark_corners_darken_the_corners() -> None:
    """The middle stays bright and the corners go dark."""
    bright = dark_corners(_rng())
    assert bright[HEIGHT // 2, WIDTH // 2] > 0.95
    assert bright[[0, 0, -1, -1], [0, -1, 0, -1]].max() < 0.3


def test_nuisance_is_class_neutral_unless_asked() -> None:
    """Without the option melanomas draw the same nuisances; with it, only the ruler changes."""
    for seed in range(60):
        other = draw_nuisance(_rng(seed), False, 0.0)
        assert draw_nuisance(_rng(seed), True, 0.0) == other
        assert draw_nuisance(_rng(seed), False, 1.0) == other
        tied = draw_nuisance(_rng(seed), True, 1.0).flags()
        assert tied.pop("ruler") == 1
        assert tied == {name: flag for name, flag in other.flags().items() if name != "ruler"}
    half = np.mean([draw_nuisance(_rng(i), True, 0.5).ruler for i in range(600)])
    assert half == pytest.approx(0.5 + 0.5 * RATES["ruler"], abs=0.07)
