"""Equalisation of lightness, and the image stores that hold equalised images."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from helpers.augmentation.clahe import Clahe, equalise
from helpers.dataset.decoding import read_image
from helpers.dataset.image_store import open_store, prepare_image, resize_image, store_key
from helpers.training.trials import open_trial_store


@pytest.fixture
def dull(tiny_catalogue: pd.DataFrame) -> np.ndarray:
    """A drawn lesion of little contrast."""
    image = resize_image(read_image(tiny_catalogue.loc[0, "path"]), (96, 128))
    return (150 + image.astype(float) / 8).astype(np.uint8)


def test_equalise_is_opencvs_on_lightness(dull: np.ndarray) -> None:
    """The picture is what OpenCV's CLAHE makes of L in CIELAB, with limit and tiles as told."""
    lightness, a, b = cv2.split(cv2.cvtColor(dull, cv2.COLOR_RGB2LAB))
    lightness = cv2.createCLAHE(clipLimit=3.0, tileGridSize=(4, 4)).apply(lightness)
    expected = cv2.cvtColor(cv2.merge([lightness, a, b]), cv2.COLOR_LAB2RGB)
    result = equalise(dull, Clahe(clip_limit=3.0, tiles=4))
    np.testing.assert_array_equal(result, expected)
    assert result.dtype == np.uint8
    assert not np.array_equal(result, equalise(dull, Clahe(clip_limit=3.0, tiles=8)))
    assert not np.array_equal(result, equalise(dull, Clahe(clip_limit=1.5, tiles=4)))


def test_one_tile_without_a_limit_is_plain_equalisation() -> None:
    """With one tile and no limit the mapping is the cumulative histogram, in numpy's words."""
    grey = np.random.default_rng(0).normal(120, 12, (64, 64)).clip(0, 255).astype(np.uint8)
    image = np.repeat(grey[..., None], 3, axis=2)
    before = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[..., 0]
    after = cv2.cvtColor(equalise(image, Clahe(clip_limit=1e6, tiles=1)), cv2.COLOR_RGB2LAB)[..., 0]
    share = np.cumsum(np.bincount(before.ravel(), minlength=256)) / before.size
    assert np.abs(after - 255 * share[before]).max() <= 2  # the way to RGB and back rounds


def test_equalising_spreads_lightness_and_keeps_colour(dull: np.ndarray) -> None:
    """Contrast grows with the limit, and hue stays what it was."""
    limits = (1.0, 2.0, 8.0)
    spread = [
        equalise(dull, Clahe(clip_limit=limit, tiles=4)).astype(float).std() for limit in limits
    ]
    assert dull.astype(float).std() < spread[0] < spread[1] < spread[2]
    before = cv2.cvtColor(dull, cv2.COLOR_RGB2LAB).astype(int)
    after = cv2.cvtColor(equalise(dull, Clahe()), cv2.COLOR_RGB2LAB).astype(int)
    assert np.abs(after - before)[..., 1:].mean() < 2
    assert np.abs(after - before)[..., 0].mean() > 5


def test_limits_are_whole_pixels(dull: np.ndarray) -> None:
    """Where a tile has 192 pixels, limits up to two means are all one pixel, as the class says."""
    one, two, three = (equalise(dull, Clahe(clip_limit=limit)) for limit in (1.0, 2.6, 2.7))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(two, three)


def test_the_picture_given_is_left_alone(dull: np.ndarray) -> None:
    """Equalising returns another array."""
    copy = dull.copy()
    equalise(dull, Clahe())
    np.testing.assert_array_equal(dull, copy)


def test_a_store_holds_equalised_images_under_a_name_of_their_own(
    tiny_catalogue: pd.DataFrame,
) -> None:
    """Equalised stores are other files; what is in them is each image resized, then equalised."""
    few, clahe = tiny_catalogue.head(6).reset_index(drop=True), Clahe(tiles=4)
    plain, equal = open_store(few, (45, 60)), open_store(few, (45, 60), clahe)
    assert plain.path != equal.path
    assert store_key(few, (45, 60)) == plain.path.stem
    assert store_key(few, (45, 60), Clahe()) not in (plain.path.stem, equal.path.stem)
    for row, path in enumerate(few["path"]):
        np.testing.assert_array_equal(equal.images[row], equalise(plain.images[row], clahe))
        whole = prepare_image(read_image(path), (45, 60), clahe)
        np.testing.assert_array_equal(equal.images[row], whole)
    assert not np.array_equal(plain.images, equal.images)


def test_a_trials_store_is_what_its_configuration_says(tiny_catalogue: pd.DataFrame) -> None:
    """One function opens the images of a trial, equalised where it was trained so."""
    from support.scored_trials import make_config

    few = tiny_catalogue.head(4).reset_index(drop=True)
    config = make_config(clahe=Clahe())
    assert open_trial_store(config, few).path == open_store(few, (32, 32), Clahe()).path
    assert open_trial_store(make_config(), few).path == open_store(few, (32, 32)).path
