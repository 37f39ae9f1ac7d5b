"""What CLAHE does, in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.augmentation.clahe import Clahe, equalise
from helpers.lessons.clahe_examples import (
    contrast_table,
    equalised,
    lightness,
    lightness_histogram,
    pixels_a_bin,
)


def dull_picture(size: tuple[int, int] = (112, 144)) -> np.ndarray:
    """A picture of little contrast, with some noise."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(110, 140, size[1])[None, :, None]
    return np.clip(ramp + rng.normal(0, 2, (*size, 3)), 0, 255).astype(np.uint8)


def test_histogram_is_of_all_pixels() -> None:
    """It sums to one, and a grey picture has all at its lightness."""
    grey = np.full((20, 30, 3), 128, np.uint8)
    histogram = lightness_histogram([grey, grey])
    assert histogram.sum() == pytest.approx(1) and histogram.max() == 1
    assert histogram.argmax() == lightness(grey)[0, 0]


def test_contrast_grows_with_the_limit() -> None:
    """The table keeps the order of the ways, the unchanged first with a ratio of one."""
    ways = {"unchanged": None, "mild": Clahe(clip_limit=2), "strong": Clahe(clip_limit=20)}
    table = contrast_table(equalised([dull_picture((450, 600))], ways))
    assert table["times"].iloc[0] == 1
    assert table["times"].is_monotonic_increasing and table["times"].iloc[2] > 2
    assert table["lightness"].iloc[0] == pytest.approx(lightness(dull_picture((450, 600))).mean())


@pytest.mark.parametrize("size", [(112, 144), (48, 64), (225, 300)])
def test_limits_below_a_pixel_are_the_same(size: tuple[int, int]) -> None:
    """Limits that let a bin hold equally many pixels give the same picture, others do not."""
    picture = dull_picture(size)
    held = {limit: pixels_a_bin(size, Clahe(clip_limit=limit)) for limit in (0.5, 1, 2, 4, 10)}
    pictures = {limit: equalise(picture, Clahe(clip_limit=limit)) for limit in held}
    for a in held:
        for b in held:
            same = np.array_equal(pictures[a], pictures[b])
            assert same == (held[a] == held[b]), (a, b, held)
