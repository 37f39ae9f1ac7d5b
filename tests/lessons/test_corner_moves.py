"""How far corners move: by hand for each parameter, and for the published settings."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.augmentation.settings import Augmentation
from helpers.lessons.corner_moves import corner_moves, corner_table

SIZE = (224, 224)
TO_CORNER = 111.5 * 2**0.5


def test_each_parameter_moves_as_geometry_says() -> None:
    """A chord of the turn, the shift itself, a sliver of the shear, a tenth of the way out."""
    ranges = Augmentation(
        rotation_range=5,
        width_shift_range=0.1,
        height_shift_range=0.2,
        shear_range=0.1,
        zoom_range=0.1,
    )
    moves = corner_moves(ranges, SIZE)
    assert moves["rotation_range"] == pytest.approx(2 * TO_CORNER * np.sin(np.radians(2.5)))
    assert moves["width_shift_range"] == pytest.approx(22.4)
    assert moves["height_shift_range"] == pytest.approx(44.8)
    assert moves["shear_range"] == pytest.approx(111.5 * np.radians(0.1), rel=1e-3)
    assert moves["zoom_range"] == pytest.approx(0.1 * TO_CORNER)


def test_a_tenth_of_a_degree_moves_no_pixel() -> None:
    """The published shear; one of six degrees, which may have been meant, moves eleven."""
    assert corner_moves(Augmentation(shear_range=0.1), SIZE)["shear_range"] < 0.2
    assert 10 < corner_moves(Augmentation(shear_range=5.7), SIZE)["shear_range"] < 12


def test_table_has_a_column_for_each_augmentation_and_size() -> None:
    """A size that is named twice counts once, and nil ranges move nothing."""
    named = {"none": Augmentation(), "turn": Augmentation(rotation_range=5)}
    table = corner_table(named, [SIZE, (112, 144), SIZE])
    assert list(table) == [f"{n}, {s}" for s in ("224 x 224", "112 x 144") for n in named]
    assert (table["none, 224 x 224"] == 0).all()
    assert table.loc["rotation_range", "turn, 224 x 224"] > 13
