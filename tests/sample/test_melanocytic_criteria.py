"""Each criterion is drawn on its own pixels, and each class on its own criteria."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from helpers.core.classes import CLASSES
from helpers.sample import melanocytic_criteria as c
from helpers.sample import nonmelanocytic_criteria as o
from helpers.sample.canvas import CANVAS, Lesion, lesion_mask, outline
from helpers.sample.lesions import DRAW
from helpers.sample.views import draw_subject, draw_view

FIELDS = ("melanin", "blood", "deep", "keratin", "white")

CRITERIA: dict[str, Callable[[np.random.Generator, Lesion], None]] = {
    "pigment_network": lambda rng, lesion: c.pigment_network(rng, lesion, 1.0),
    "atypical_network": lambda rng, lesion: c.pigment_network(rng, lesion, 1.0, atypical=0.9),
    "regular_dots_globules": lambda rng, lesion: c.globules(rng, lesion, 1.0),
    "irregular_dots_globules": lambda rng, lesion: c.globules(rng, lesion, 1.0, irregular=0.9),
    "streaks": lambda rng, lesion: c.streaks(rng, lesion, 1.0, 2.0),
    "blue_white_veil": lambda rng, lesion: c.blue_white_veil(rng, lesion, 1.0, 0.3),
    "regression_structures": lambda rng, lesion: c.regression(rng, lesion, 1.0, 0.2),
    "milia_like_cysts": lambda rng, lesion: o.milia_like_cysts(rng, lesion, 1.0),
    "comedo_like_openings": lambda rng, lesion: o.comedo_like_openings(rng, lesion, 1.0),
    "fissures_ridges": lambda rng, lesion: o.fissures(rng, lesion, 1.0),
    "arborising_vessels": lambda rng, lesion: o.arborising_vessels(rng, lesion, 1.0, 4),
    "leaf_like_areas": lambda rng, lesion: o.leaf_like_areas(rng, lesion, 1.0, 3),
    "blue_grey_ovoid_nests": lambda rng, lesion: o.blue_grey_nests(rng, lesion, 1.0),
    "strawberry_pattern": lambda rng, lesion: o.strawberry_pattern(rng, lesion, 1.0),
    "scale": lambda rng, lesion: o.scale(rng, lesion, 1.0, 0.4),
    "central_white_patch": lambda rng, lesion: o.central_white_patch(rng, lesion, 1.0, 0.4),
    "lacunae": lambda rng, lesion: o.lacunae(rng, lesion, 1.0, 40, 0.3),
}


def _lesion(seed: int = 0) -> Lesion:
    lesion = outline(np.random.default_rng(seed), 170, 0.08, 0.1)
    lesion.melanin += 0.4 * lesion.inside
    return lesion


def _change(before: Lesion, after: Lesion) -> np.ndarray:
    return sum(np.abs(getattr(after, name) - getattr(before, name)) for name in FIELDS)


@pytest.mark.parametrize("name", list(CRITERIA))
def test_mask_covers_what_was_drawn(name: str) -> None:
    """A criterion changes its own pixels more than the others, and is recorded by its name."""
    before, lesion = _lesion(), _lesion()
    CRITERIA[name](np.random.default_rng(1), lesion)
    assert lesion.criteria == [name]
    changed = _change(before, lesion)
    own = lesion.criterion
    assert 50 < own.sum() < 0.6 * CANVAS**2
    assert changed[own].mean() > 4 * changed[~own].mean()
    # The opposite would have to fail: the mask of another place does not fit.
    elsewhere = np.roll(own, CANVAS // 2, axis=(0, 1))
    assert changed[elsewhere].mean() < 0.7 * changed[own].mean()


@pytest.mark.parametrize("name", list(CRITERIA))
def test_criteria_stay_on_the_lesion(name: str) -> None:
    """Nothing is drawn far outside the border, and densities stay finite float32."""
    before, lesion = _lesion(), _lesion()
    CRITERIA[name](np.random.default_rng(2), lesion)
    assert _change(before, lesion)[lesion.level > 1.35].max() < 0.12
    for field in FIELDS:
        values = getattr(lesion, field)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()


def test_strength_makes_a_criterion_show() -> None:
    """Twice the strength changes the picture more."""
    faint, strong = _lesion(), _lesion()
    c.pigment_network(np.random.default_rng(3), faint, 0.4)
    c.pigment_network(np.random.default_rng(3), strong, 0.8)
    assert _change(_lesion(), strong).sum() > 1.5 * _change(_lesion(), faint).sum()


def test_scatter_keeps_points_where_they_may_be() -> None:
    """Points fall where the probability is not 0, about as densely as the spacing says."""
    where = np.zeros((CANVAS, CANVAS), dtype=np.float32)
    where[:, : CANVAS // 2] = 1
    points = c.scatter(np.random.default_rng(0), where, 20)
    assert points[:, 0].max() < CANVAS // 2
    assert len(points) == pytest.approx(CANVAS**2 / 2 / (20 * 17.4), rel=0.15)


@pytest.mark.parametrize("dx", CLASSES)
def test_every_lesion_shows_a_criterion(dx: str) -> None:
    """Each class draws float32 fields, a mask in one piece, and at least one criterion."""
    for seed in range(3):
        lesion = DRAW[dx](np.random.default_rng(seed))
        mask = lesion_mask(lesion)
        assert lesion.criteria
        assert (lesion.criterion & mask).sum() > 30
        assert mask.mean() > 0.05
        for field in FIELDS:
            assert getattr(lesion, field).dtype == np.float32, field


def test_classes_have_their_colours() -> None:
    """Vascular lesions hold more blood than nevi, nevi more melanin than carcinomas."""

    def mean(dx: str, field: str) -> float:
        values = []
        for seed in range(6):
            lesion = DRAW[dx](np.random.default_rng(seed))
            values.append(getattr(lesion, field)[lesion_mask(lesion)].mean())
        return float(np.mean(values))

    assert mean("vasc", "blood") > 1.5 * mean("nv", "blood")
    assert mean("nv", "melanin") > 1.5 * mean("bcc", "melanin")


def test_views_share_the_lesion_but_not_the_picture() -> None:
    """Two views differ in every way but the lesion; the same view is the same picture."""
    subject = draw_subject("mel", 0, 7)
    first, again, second = (draw_view(subject, "mel", 0, 7, view) for view in (1, 1, 2))
    assert np.array_equal(first.picture, again.picture)
    assert not np.array_equal(first.mask, second.mask)
    assert first.picture.shape == (450, 600, 3) and first.picture.dtype == np.uint8
    twin = draw_subject("mel", 0, 7)
    assert np.array_equal(twin.lesion.melanin, subject.lesion.melanin)
    other = draw_subject("mel", 0, 8)
    assert not np.array_equal(other.mask, subject.mask)
