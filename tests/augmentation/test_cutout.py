"""Crops and cutout: where they are, what they show and hide, and that nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.augmentation.affine import affine_matrix, apply_transform, augment_batch
from helpers.augmentation.cutout import CUTOUT_VALUE, cutout_box
from helpers.augmentation.draws import Transform, draw_numbers, draw_transform, make_transform
from helpers.augmentation.settings import Augmentation

SIZE = (41, 61)
SEEDS = st.integers(0, 2**32 - 1)


def noise(n_images: int = 1) -> np.ndarray:
    """Pictures without a pixel of the cutout's grey."""
    rng = np.random.default_rng(0)
    return rng.integers(129, 255, (n_images, *SIZE, 3), dtype=np.uint8)


@given(
    cutout=st.floats(0.01, 0.99),
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    draws=st.tuples(*[st.floats(0, 1, exclude_max=True)] * 2),
)
def test_box_is_a_square_about_a_pixel_of_the_image(
    cutout: float, height: int, width: int, draws: tuple[float, float]
) -> None:
    """The box is what an explicit mask of all pixels near enough to the centre says."""
    top, bottom, left, right = cutout_box(cutout, (height, width), np.array(draws))
    side = max(1, round(cutout * min(height, width)))
    rows, columns = np.mgrid[:height, :width]
    first_row, first_column = int(draws[0] * height), int(draws[1] * width)
    mask = (rows - first_row + side // 2 >= 0) & (rows - first_row + side // 2 < side)
    mask &= (columns - first_column + side // 2 >= 0) & (columns - first_column + side // 2 < side)
    expected = np.zeros((height, width), bool)
    expected[top:bottom, left:right] = True
    np.testing.assert_array_equal(mask, expected)
    assert mask[first_row, first_column]


def test_cutout_hides_its_box_and_nothing_else() -> None:
    """Pixels in the box are mid-grey, all others as they would be without it."""
    images, keys = noise(40), np.arange(40)
    plain = Augmentation(rotation_range=30, horizontal_flip=True)
    hiding = plain.model_copy(update={"cutout": 0.5})
    before = augment_batch(images, plain, keys, (3, 0))
    after = augment_batch(images, hiding, keys, (3, 0))
    boxes = []
    for key, numbers in zip(keys, draw_numbers((3, 0), keys), strict=True):
        box = make_transform(hiding, SIZE, numbers).cutout
        assert box is not None
        boxes.append(box)
        mask = np.zeros(SIZE, bool)
        mask[box[0] : box[1], box[2] : box[3]] = True
        assert (after[key][mask] == CUTOUT_VALUE).all()
        np.testing.assert_array_equal(after[key][~mask], before[key][~mask])
    tops, bottoms, lefts, rights = np.array(boxes).T
    assert (bottoms - tops).max() == (rights - lefts).max() == 20, "half of the shorter side"
    assert tops.min() == 0 and bottoms.max() == 41 and lefts.min() == 0 and rights.max() == 61


@given(seed=SEEDS, crop=st.floats(0.01, 0.99))
def test_a_crop_lies_inside(seed: int, crop: float) -> None:
    """No corner of a crop samples outside the image, and its side is in the range."""
    drawn = draw_transform(Augmentation(crop_range=crop), SIZE, np.random.default_rng(seed))
    assert 1 - crop - 1e-9 <= drawn.crop_side <= 1
    corners = np.array([[0, 0, 1], [60, 0, 1], [0, 40, 1], [60, 40, 1]]).T
    columns, rows, _ = affine_matrix(drawn, SIZE) @ corners
    assert columns.min() >= -1e-9 and columns.max() <= 60 + 1e-9
    assert rows.min() >= -1e-9 and rows.max() <= 40 + 1e-9
    assert np.ptp(columns) == pytest.approx(60 * drawn.crop_side)
    assert np.ptp(rows) == pytest.approx(40 * drawn.crop_side)


def test_a_crop_of_whole_pixels_is_a_slice() -> None:
    """Half the side from a corner's pixel: every other pixel of the picture is one of the slice."""
    image = noise()[0]
    crop = Transform(crop_side=0.5, crop_row=11, crop_column=7)
    shown = apply_transform(image, crop, "constant")
    np.testing.assert_array_equal(shown[::2, ::2], image[11:32, 7:38])


def test_crops_reach_all_sides_and_fill_nothing() -> None:
    """Over many draws crops reach every border, evenly in size, and no picture has black."""
    recipe = Augmentation(crop_range=0.4, fill_mode="constant")
    drawn = [draw_transform(recipe, SIZE, np.random.default_rng(seed)) for seed in range(400)]
    sides = np.array([each.crop_side for each in drawn])
    assert abs(sides.mean() - 0.8) < 0.02 and sides.min() < 0.62 and sides.max() > 0.98
    free = np.array([1 - each.crop_side for each in drawn]) * 40
    places = np.array([each.crop_row for each in drawn]) / free
    assert places.min() < 0.02 and places.max() > 0.98 and abs(places.mean() - 0.5) < 0.05
    assert augment_batch(noise(50), recipe, np.arange(50), (0,)).min() > CUTOUT_VALUE


def test_a_rotated_crop_turns_about_its_own_centre() -> None:
    """What else is done is done to the part: its centre stays where it is."""
    crop = {"crop_side": 0.5, "crop_row": 3.0, "crop_column": 20.0}
    centre = np.array([30.0, 20.0, 1.0])
    plain = affine_matrix(Transform(**crop), SIZE) @ centre
    turned = affine_matrix(Transform(theta=70, shear=20, zoom_rows=0.7, **crop), SIZE) @ centre
    np.testing.assert_allclose(plain, [20 + 15, 3 + 10, 1])
    np.testing.assert_allclose(turned, plain, atol=1e-9)


@given(seed=SEEDS, crop=st.floats(0, 0.9), cutout=st.floats(0, 0.9))
def test_other_draws_stay_what_they_were(seed: int, crop: float, cutout: float) -> None:
    """Recipes with and without crop and cutout draw the same rotation, zoom and flips."""
    recipe = Augmentation(rotation_range=90, zoom_range=0.3, vertical_flip=True)
    other = recipe.model_copy(update={"crop_range": crop, "cutout": cutout})
    before, after = (
        draw_transform(each, SIZE, np.random.default_rng(seed)) for each in (recipe, other)
    )
    new = {"crop_side": 1.0, "crop_row": 0.0, "crop_column": 0.0, "cutout": None}
    assert replace(after, **new) == before
    # A crop is drawn alike with and without a cutout, and the reverse.
    alone = draw_transform(
        recipe.model_copy(update={"cutout": cutout}), SIZE, np.random.default_rng(seed)
    )
    assert alone.cutout == after.cutout
