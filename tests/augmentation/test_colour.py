"""Colour jitter against Pillow, permutations of channels, and one change after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from helpers.augmentation.affine import augment_batch
from helpers.augmentation.colour import MIDDLE, colour_matrix, draw_colours, recolour
from helpers.augmentation.draws import draw_transforms
from helpers.augmentation.settings import Augmentation

KEYS = np.array([4, 9, 2])


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """Colours that no change here takes out of 0..255."""
    return np.random.default_rng(0).integers(90, 150, (20, 30, 3), dtype=np.uint8)


def recoloured(picture: NDArray[np.uint8], **changes: float) -> NDArray[np.int64]:
    """A copy with other colours."""
    copy = picture.copy()
    recolour(copy, colour_matrix(**changes))
    return copy.astype(int)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("brightness", "Brightness"), ("saturation", "Color")]
)
@pytest.mark.parametrize("factor", [0.0, 0.6, 1.3])
def test_agrees_with_pillow(
    picture: NDArray[np.uint8], ours: str, theirs: str, factor: float
) -> None:
    """Brightness and saturation are those of Pillow's ImageEnhance, but for its rounding."""
    expected = getattr(ImageEnhance, theirs)(Image.fromarray(picture)).enhance(factor)
    found = recoloured(picture, **{ours: factor})
    assert np.abs(found - np.asarray(expected, int)).max() <= 1
    if factor != 1:
        assert np.abs(found - picture).max() > 5, "the comparison could not fail"


def test_contrast_moves_away_from_mid_grey(picture: NDArray[np.uint8]) -> None:
    """Contrast multiplies the distance from the middle of the range."""
    expected = MIDDLE + 1.5 * (picture.astype(float) - MIDDLE)
    assert np.abs(recoloured(picture, contrast=1.5) - expected).max() <= 0.51


def test_a_third_of_a_turn_exchanges_channels(picture: NDArray[np.uint8]) -> None:
    """Hue turned by 120 degrees makes red green, green blue and blue red; grey stays."""
    np.testing.assert_array_equal(recoloured(picture, hue=120), np.roll(picture, 1, axis=2))
    grey = np.repeat(picture[..., :1], 3, axis=2)
    np.testing.assert_array_equal(recoloured(grey, hue=77), grey)


def test_one_matrix_is_four_changes(picture: NDArray[np.uint8]) -> None:
    """The composed matrix does what brightness, contrast, saturation and hue do in turn."""
    changes = {"brightness": 1.1, "contrast": 0.8, "saturation": 1.4, "hue": -20.0}
    colours = picture.reshape(-1, 3).astype(float)
    for name, value in changes.items():
        matrix = colour_matrix(**{name: value})
        colours = colours @ matrix[:, :3].T + matrix[:, 3]
    whole = colour_matrix(**changes)
    np.testing.assert_allclose(
        picture.reshape(-1, 3) @ whole[:, :3].T + whole[:, 3], colours, atol=1e-9
    )


def test_colours_stay_within_bytes() -> None:
    """What leaves 0..255 is cut there and does not wrap around."""
    extremes = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    recolour(extremes, colour_matrix(brightness=2.0, contrast=2.0))
    np.testing.assert_array_equal(extremes, [[[0, 0, 0], [255, 255, 255], [255, 0, 0]]])


@given(numbers=st.lists(st.floats(0, 0.999), min_size=4, max_size=4))
def test_no_range_changes_nothing(numbers: list[float]) -> None:
    """Ranges of zero give the identity, whatever is drawn."""
    matrix = draw_colours((0, 0, 0, 0), np.array(numbers))
    np.testing.assert_allclose(matrix, np.eye(3, 4), atol=1e-12)


def test_draws_of_a_batch_are_those_of_each_image() -> None:
    """A batch of numbers gives the matrices that they give one by one."""
    numbers = np.random.default_rng(1).random((5, 4))
    ranges = (0.2, 0.3, 0.4, 30.0)
    batch = draw_colours(ranges, numbers)
    assert batch.shape == (5, 3, 4)
    for matrix, own in zip(batch, numbers, strict=True):
        np.testing.assert_allclose(matrix, draw_colours(ranges, own))


def test_colours_do_not_disturb_the_other_draws(picture: NDArray[np.uint8]) -> None:
    """A recipe draws the same rotation with and without a jitter of colours."""
    plain = Augmentation(rotation_range=90)
    jittered = Augmentation(rotation_range=90, brightness_range=0.3, hue_range=20)
    first = draw_transforms(plain, (20, 30), KEYS, (1, 2))
    second = draw_transforms(jittered, (20, 30), KEYS, (1, 2))
    np.testing.assert_array_equal(first.theta, second.theta)
    assert first.colours is None and second.colours is not None
    images = np.stack([picture] * 3)
    batch = augment_batch(images, jittered, KEYS, (1, 2))
    assert not np.array_equal(batch, augment_batch(images, plain, KEYS, (1, 2)))
    np.testing.assert_array_equal(
        batch[1:2], augment_batch(images[:1], jittered, KEYS[1:2], (1, 2))
    )
