"""What an augmentation does to a picture and its lesion, measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.augmentation.affine import apply_transform
from helpers.augmentation.draws import Transform, draw_transform
from helpers.augmentation.settings import Augmentation
from helpers.core.paths import CHAPTERS, captions_path
from helpers.dataset.splits import split_catalogue
from helpers.lessons.augmentation_examples import (
    black_share,
    draw_examples,
    frame_and_lesion,
    measure_augmentations,
    parameter_ends,
    sharpness,
    step_by_step,
)
from helpers.notebook.captions import read_captions
from helpers.training.configuration import Stage, TrialConfig

SIZE = (60, 80)


@pytest.fixture
def noise() -> np.ndarray:
    """A picture without a black pixel."""
    return np.random.default_rng(0).integers(40, 255, (*SIZE, 3), dtype=np.uint8)


def blob(row: int, column: int) -> np.ndarray:
    """A black picture with a white square about a place."""
    image = np.zeros((*SIZE, 3), np.uint8)
    image[row - 3 : row + 4, column - 3 : column + 4] = 255
    return image


def centre_of(image: np.ndarray) -> tuple[float, float]:
    """Row and column of what is white."""
    rows, columns = np.nonzero(image[..., 0] > 127)
    return float(rows.mean()), float(columns.mean())


@pytest.mark.parametrize(
    ("transform", "start", "row_moves", "column_moves"),
    [
        (Transform(shift_columns=8), (30, 40), 0, -1),
        (Transform(shift_rows=8), (30, 40), -1, 0),
        (Transform(theta=20), (30, 60), -1, -1),
        (Transform(zoom_columns=1.3), (30, 60), 0, -1),
    ],
    ids=["width shift: left", "height shift: up", "rotation: anticlockwise", "zoom: smaller"],
)
def test_directions_are_those_that_the_chapter_tells(
    transform: Transform, start: tuple[int, int], row_moves: int, column_moves: int
) -> None:
    """A positive draw moves the picture as chapter 4 says."""
    after = centre_of(apply_transform(blob(*start), transform, "constant"))
    moved = [a - b for a, b in zip(after, start, strict=True)]
    signs = [0 if abs(move) < 1 else int(np.sign(move)) for move in moved]
    assert signs == [row_moves, column_moves]


def test_parameter_ends_names_what_it_shows(noise: np.ndarray) -> None:
    """A parameter whose range is nil is left out; the two ends of a range differ."""
    images, titles = parameter_ends(noise, Augmentation(rotation_range=30, horizontal_flip=True))
    assert titles == [
        "original",
        "horizontal flip",
        "all at once",
        "rotation −30°",
        "rotation +30°",
    ]
    assert np.array_equal(images[0], noise)
    assert np.array_equal(images[1], noise[:, ::-1])
    assert not np.array_equal(images[3], images[4])


def test_a_chain_of_one_step_is_the_composed_map(noise: np.ndarray) -> None:
    """Step by step and at once agree where only one part is not the identity."""
    for part in (Transform(theta=20), Transform(shear=10), Transform(flip_vertical=True)):
        assert np.array_equal(
            step_by_step(noise, part, "reflect"), apply_transform(noise, part, "reflect")
        )


def test_a_chain_of_steps_loses_sharpness_and_border(noise: np.ndarray) -> None:
    """Each further step blurs and cuts: what chapter 4 shows."""
    change = Transform(theta=25, shift_columns=12, zoom_rows=1.3, zoom_columns=1.3)
    once, chain = apply_transform(noise, change, "constant"), step_by_step(noise, change)
    centre = (slice(24, 36), slice(32, 48))
    assert sharpness(chain[centre]) < sharpness(once[centre])
    assert black_share(chain) > black_share(once) > 0


def test_crops_and_cutouts_are_shown_and_measured(noise: np.ndarray) -> None:
    """They have pictures of their own, a place in the chain, and count for the lesion."""
    images, titles = parameter_ends(noise, Augmentation(crop_range=0.5, cutout=0.25))
    assert titles[1:4] == ["crop 0.5, top left", "crop 0.5, bottom right", "cutout 0.25"]
    assert np.array_equal(images[1][0, 0], noise[0, 0])
    assert np.array_equal(images[2][-1, -1], noise[-1, -1])
    assert (images[3][23:37, 33:47] == 128).all() and np.array_equal(images[3][0], noise[0])
    for part in (
        Transform(crop_side=0.5, crop_row=4, crop_column=9),
        Transform(cutout=(0, 9, 4, 8)),
    ):
        assert np.array_equal(
            step_by_step(noise, part, "reflect"), apply_transform(noise, part, "reflect")
        )
    lesion = np.zeros(SIZE, bool)
    lesion[20:40, 30:50] = True
    filled, kept = frame_and_lesion(Transform(cutout=(20, 40, 40, 60)), SIZE, lesion)
    assert (filled, kept) == pytest.approx((400 / 4800, 0.5))
    assert frame_and_lesion(Transform(cutout=(0, 20, 0, 20)), SIZE, lesion)[1] == 1
    cropped = Transform(crop_side=0.5, crop_row=29.5, crop_column=0)
    filled, kept = frame_and_lesion(cropped, SIZE, lesion)
    assert filled == 0 and kept == pytest.approx(10 * 10 / 400)


def test_colours_are_shown_and_kept_step_by_step(noise: np.ndarray) -> None:
    """Each change of colour is shown at both ends; a chain of steps ends in the same colours."""
    recipe = Augmentation(brightness_range=0.3, hue_range=20)
    images, titles = parameter_ends(noise, recipe)
    shown = [title for title in titles if title.startswith(("brightness", "hue"))]
    assert shown == ["brightness 0.7", "brightness 1.3", "hue -20°", "hue +20°"]
    darker = images[titles.index("brightness 0.7")]
    assert darker.mean() == pytest.approx(0.7 * noise.mean(), rel=0.02)
    transform = draw_transform(recipe, noise.shape[:2], np.random.default_rng(0))
    np.testing.assert_array_equal(
        step_by_step(noise, transform), apply_transform(noise, transform, "constant")
    )


def test_examples_share_their_draws(noise: np.ndarray) -> None:
    """Equal augmentations in two rows give equal pictures; unequal ones do not."""
    mild, harsh = Augmentation(rotation_range=10), Augmentation(rotation_range=90)
    examples = draw_examples(noise, [mild, mild, harsh], n=3, seed=1)
    assert examples.shape == (3, 3, *SIZE, 3)
    assert np.array_equal(examples[0], examples[1])
    assert not np.array_equal(examples[0], examples[2])


def test_frame_and_lesion_agree_with_the_pixels(noise: np.ndarray) -> None:
    """A shift by a fifth fills a fifth, and cuts a lesion on that side and no other."""
    left, right = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    left[20:40, :16], right[20:40, -16:] = True, True
    shift = Transform(shift_columns=16)
    filled, kept = frame_and_lesion(shift, SIZE, left)
    assert filled == pytest.approx(0.2)
    assert filled == pytest.approx(black_share(apply_transform(noise, shift, "constant")))
    assert kept == 0
    assert frame_and_lesion(shift, SIZE, right)[1] == 1
    assert np.isnan(frame_and_lesion(shift, SIZE, None)[1])


def config(name: str, **augmentation: object) -> TrialConfig:
    """A trial with an augmentation; never trained."""
    return TrialConfig(
        name=name,
        backbone="MobileNet",
        image_size=(32, 32),
        augmentation=Augmentation(**augmentation),  # type: ignore[arg-type]
        stages=(Stage(),),
    )


def test_harsher_augmentations_measure_harsher(tiny_catalogue: pd.DataFrame) -> None:
    """Nothing fills nothing and cuts nothing; wider ranges fill more and keep less."""
    catalogue = split_catalogue(tiny_catalogue)
    configs = [
        config("none"),
        config("mild", width_shift_range=0.05, rotation_range=10),
        config("harsh", width_shift_range=0.4, height_shift_range=0.4, zoom_range=0.5),
    ]
    table = measure_augmentations(configs, catalogue, n_images=12).set_index("trial")
    assert table.loc["none", "filled"].value == 0
    assert table.loc["none", "kept"].value == 1
    filled, kept = table["filled"].map(float), table["kept"].map(float)
    assert 0 < filled["mild"] < filled["harsh"] < 1
    assert 1 >= kept["mild"] > kept["harsh"] > 0


def test_without_masks_only_the_frame_is_measured(tiny_catalogue: pd.DataFrame) -> None:
    """A source without masks gives no column about lesions."""
    catalogue = split_catalogue(tiny_catalogue.assign(mask_path=""))
    table = measure_augmentations([config("a", rotation_range=45)], catalogue, n_images=4)
    titles = read_captions(captions_path(CHAPTERS / "04_augmentation_trials.ipynb")).tables["price"]
    assert set(titles["columns"]) - set(table) == set(titles["optional"])
    assert list(table) == ["trial", "filled"]
