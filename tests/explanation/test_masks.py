"""Masks at the size of heat maps, and the share of heat inside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from helpers.dataset.sources import Source
from helpers.explanation.masks import criteria_masks, lesion_masks, mass_inside


@given(
    arrays(float, (3, 4, 5), elements=st.floats(0, 10)),
    arrays(bool, (3, 4, 5)),
)
def test_a_mask_and_its_outside_share_the_mass(heat: np.ndarray, mask: np.ndarray) -> None:
    """Inside and outside add up to one; a map that is zero everywhere has no share."""
    inside, outside = mass_inside(heat, mask), mass_inside(heat, ~mask)
    empty = heat.sum(axis=(1, 2)) == 0
    assert (np.isnan(inside) == empty).all()
    np.testing.assert_allclose((inside + outside)[~empty], 1, atol=1e-9)


def test_a_flat_map_has_the_share_of_the_area() -> None:
    """Without any preference the share is that of the area."""
    mask = np.zeros((1, 4, 5), dtype=bool)
    mask[0, :2] = True
    assert mass_inside(np.ones((1, 4, 5)), mask)[0] == pytest.approx(0.5)


def test_masks_of_another_size_are_refused() -> None:
    """A mask that does not fit its map is an error that names both shapes."""
    with pytest.raises(ValueError, match=r"\(1, 2, 2\).*\(1, 4, 4\)"):
        mass_inside(np.ones((1, 2, 2)), np.ones((1, 4, 4), dtype=bool))


def test_masks_of_the_sample(tiny_catalogue: pd.DataFrame, tiny_source: Source) -> None:
    """Lesions and criteria come in the rows' order and in the size asked for."""
    rows = tiny_catalogue.head(4)
    lesions, criteria = (
        lesion_masks(rows, (30, 40)),
        criteria_masks(rows, tiny_source.folder, (30, 40)),
    )
    assert lesions.shape == criteria.shape == (4, 30, 40)
    assert lesions.any(axis=(1, 2)).all()
    backwards = lesion_masks(rows.iloc[::-1], (30, 40))
    np.testing.assert_array_equal(backwards[::-1], lesions)
    inside = (criteria & lesions).sum() / criteria.sum()
    assert inside > 0.8
