"""The composed affine against Keras and scipy, parameter by parameter."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import ndimage

from helpers.augmentation.affine import BORDERS, affine_matrix, apply_transform, augment_batch
from helpers.augmentation.draws import Transform, draw_numbers, draw_transform, make_transform
from helpers.augmentation.settings import Augmentation

SIZE = (60, 60)
INNER = (slice(16, -16), slice(16, -16))


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    """A smooth picture without symmetry, so that a wrong sign or axis shows."""
    noise = np.random.default_rng(0).random((*SIZE, 3))
    smooth = ndimage.gaussian_filter(noise, (3, 3, 0))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return (255 * smooth).astype(np.uint8)


def keras_transform(image: NDArray[np.uint8], **parameters: float) -> NDArray[np.float64]:
    """What ImageDataGenerator would do with these parameters."""
    from keras.src.legacy.preprocessing.image import apply_affine_transform

    return apply_affine_transform(
        image.astype(float), row_axis=0, col_axis=1, channel_axis=2, order=1, **parameters
    )


@pytest.mark.parametrize(
    ("transform", "keras_parameters"),
    [
        (Transform(theta=25), {"theta": 25}),
        (Transform(theta=-70), {"theta": -70}),
        (Transform(shift_columns=5.5), {"tx": 5.5}),
        (Transform(shift_rows=-7), {"ty": -7}),
        (Transform(shear=20), {"shear": 20}),
        (Transform(zoom_columns=0.7), {"zx": 0.7}),
        (Transform(zoom_rows=1.3), {"zy": 1.3}),
        (
            Transform(theta=30, shift_columns=3, shift_rows=-4, shear=10, zoom_columns=0.9),
            {"theta": 30, "tx": 3, "ty": -4, "shear": 10, "zx": 0.9},
        ),
    ],
)
def test_transform_agrees_with_keras(
    picture: NDArray[np.uint8], transform: Transform, keras_parameters: dict[str, float]
) -> None:
    """Each parameter has the direction, unit and order of Keras' generator."""
    ours = apply_transform(picture, transform).astype(float)
    theirs = keras_transform(picture, **keras_parameters)
    assert np.abs(ours - theirs)[INNER].mean() < 2.5
    mirrored = apply_transform(picture, transform)[::-1, ::-1].astype(float)
    assert np.abs(mirrored - theirs)[INNER].mean() > 15, "the comparison could not fail"


def test_one_resample_agrees_with_scipy(picture: NDArray[np.uint8]) -> None:
    """The composed matrix, handed to scipy, samples the same picture."""
    transform = Transform(theta=40, shear=15, zoom_rows=0.8, zoom_columns=1.2, flip_horizontal=True)
    matrix = affine_matrix(transform, SIZE)
    swap = np.eye(3)[[1, 0, 2]]
    rows = swap @ matrix @ swap
    channel = ndimage.affine_transform(
        picture[..., 1].astype(float), rows[:2, :2], rows[:2, 2], order=1, mode="nearest"
    )
    ours = apply_transform(picture, transform)[..., 1].astype(float)
    assert np.abs(ours - channel)[INNER].mean() < 1.5


@pytest.mark.parametrize(
    "transform", [Transform(theta=90), Transform(shear=30), Transform(zoom_rows=2, theta=45)]
)
def test_centre_of_an_oblong_image_stays(transform: Transform) -> None:
    """Rotation, shear and zoom leave the middle pixel of an oblong image where it is."""
    centre = np.array([30.0, 20.0, 1.0])
    np.testing.assert_allclose(affine_matrix(transform, (41, 61)) @ centre, centre, atol=1e-9)


def test_shifts_follow_their_names() -> None:
    """A height shift moves rows and a width shift columns."""
    tall = draw_transform(Augmentation(height_shift_range=0.5), SIZE, np.random.default_rng(1))
    assert tall.shift_rows != 0 and tall.shift_columns == 0
    matrix = affine_matrix(Transform(shift_rows=3), SIZE)
    np.testing.assert_allclose(matrix @ [10, 10, 1], [10, 13, 1])


def test_flips_are_exact(picture: NDArray[np.uint8]) -> None:
    """A flip moves pixels and changes none."""
    horizontal = apply_transform(picture, Transform(flip_horizontal=True))
    vertical = apply_transform(picture, Transform(flip_vertical=True))
    np.testing.assert_array_equal(horizontal, picture[:, ::-1])
    np.testing.assert_array_equal(vertical, picture[::-1])


@pytest.mark.parametrize(
    ("fill_mode", "expected"), [("constant", 0), ("nearest", 200), ("wrap", 40), ("reflect", 200)]
)
def test_fill_mode_fills_the_outside(fill_mode: str, expected: int) -> None:
    """Each fill mode shows at a border what its name says."""
    picture = np.full((20, 20, 3), 40, np.uint8)
    picture[:, :10] = 200
    shifted = apply_transform(picture, Transform(shift_columns=-5), fill_mode)
    assert (shifted[:, 0] == expected).all()


@pytest.mark.parametrize("fill_mode", sorted(BORDERS))
@pytest.mark.parametrize("size", [(1, 1), (20, 33), (64, 64)])
def test_samples_are_those_of_opencv(size: tuple[int, int], fill_mode: str) -> None:
    """However far a transformation reaches outside, bytes are those that OpenCV samples at once.

    Where edges are repeated here, coordinates of 32 bits count from another pixel: of noise, one
    byte in a thousand may be rounded the other way.
    """
    rng = np.random.default_rng(3)
    recipe = Augmentation(
        rotation_range=180, height_shift_range=0.9, width_shift_range=0.9, zoom_range=0.9
    )
    differing = 0.0
    for _ in range(20):
        image = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        transform = draw_transform(recipe, size, rng)
        expected = cv2.warpAffine(
            cv2.cvtColor(image, cv2.COLOR_RGB2RGBA),
            affine_matrix(transform, size)[:2],
            size[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=BORDERS[fill_mode],
        )
        sampled = apply_transform(image, transform, fill_mode)
        difference = np.abs(sampled.astype(int) - expected[..., :3])
        assert difference.max() <= (fill_mode == "nearest")
        differing += np.mean(difference) / 20
    assert differing <= 0.001


@given(
    seed=st.integers(0, 2**32 - 1),
    rotation=st.floats(0, 180),
    shift=st.floats(0, 0.9),
    zoom=st.floats(0, 0.9),
)
def test_draws_stay_in_range(seed: int, rotation: float, shift: float, zoom: float) -> None:
    """No draw leaves the range that the recipe names."""
    recipe = Augmentation(rotation_range=rotation, height_shift_range=shift, zoom_range=zoom)
    drawn = draw_transform(recipe, SIZE, np.random.default_rng(seed))
    assert abs(drawn.theta) <= rotation
    assert abs(drawn.shift_rows) <= shift * SIZE[0]
    assert drawn.shift_columns == 0 and drawn.shear == 0
    assert 1 - zoom <= drawn.zoom_rows <= 1 + zoom
    assert not drawn.flip_horizontal and not drawn.flip_vertical


def test_batch_depends_on_key_and_seed_alone(picture: NDArray[np.uint8]) -> None:
    """An image's transformation is the same in whatever batch it comes, and new each epoch."""
    recipe = Augmentation(rotation_range=90, horizontal_flip=True)
    images = np.stack([picture] * 3)
    keys = np.array([5, 9, 2])
    whole = augment_batch(images, recipe, keys, (0, 1))
    alone = augment_batch(images[:1], recipe, keys[1:2], (0, 1))
    np.testing.assert_array_equal(whole[1], alone[0])
    assert not np.array_equal(whole[0], whole[1])
    assert not np.array_equal(whole, augment_batch(images, recipe, keys, (0, 2)))


def test_identity_changes_nothing(picture: NDArray[np.uint8]) -> None:
    """The default recipe returns the very same images."""
    images = picture[None]
    assert augment_batch(images, Augmentation(), np.array([0]), (0,)) is images
    assert not Augmentation(vertical_flip=True).is_identity


@pytest.mark.parametrize(
    "fields",
    [
        {"rotation_range": -1},
        {"zoom_range": 1.5},
        {"rotate": 3},
        {"fill_mode": "mirror"},
        {"crop_range": 1},
        {"cutout": -0.1},
    ],
)
def test_bad_recipe_is_refused(fields: dict[str, object]) -> None:
    """A range outside its bounds, an unknown name and an unknown fill mode are errors."""
    with pytest.raises(ValidationError):
        Augmentation(**fields)  # type: ignore[arg-type]


def test_closed_form_is_the_product_of_the_matrices() -> None:
    """The composed affine is rotation, shift, shear, zoom and flip multiplied about the centre."""
    transform = Transform(
        theta=35, shift_rows=3, shift_columns=-5, shear=12, zoom_rows=0.8, zoom_columns=1.3,
        flip_horizontal=True,
    )  # fmt: skip
    theta, shear = np.deg2rad(35), np.deg2rad(12)
    centre = np.array([[1, 0, 30.0], [0, 1, 20.0], [0, 0, 1]])
    product = (
        centre
        @ np.array(
            [[np.cos(theta), -np.sin(theta), 0], [np.sin(theta), np.cos(theta), 0], [0, 0, 1]]
        )
        @ np.array([[1, 0, -5.0], [0, 1, 3.0], [0, 0, 1]])
        @ np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
        @ np.diag([1.3, 0.8, 1])
        @ np.diag([-1.0, 1, 1])
        @ np.linalg.inv(centre)
    )
    np.testing.assert_allclose(affine_matrix(transform, (41, 61)), product, atol=1e-12)


def test_batch_holds_its_images_one_by_one() -> None:
    """What a batch makes at once is what each of its transformations makes alone."""
    images = np.random.default_rng(0).integers(0, 256, (5, 20, 30, 3), dtype=np.uint8)
    recipe = Augmentation(
        rotation_range=90, width_shift_range=0.2, shear_range=10, zoom_range=0.3,
        horizontal_flip=True, vertical_flip=True, crop_range=0.4, cutout=0.3, fill_mode="reflect",
    )  # fmt: skip
    keys, seed = np.array([3, 0, 70, 8, 1]), (0, 1)
    batch = augment_batch(images, recipe, keys, seed)
    for image, made, numbers in zip(images, batch, draw_numbers(seed, keys), strict=True):
        transform = make_transform(recipe, (20, 30), numbers)
        np.testing.assert_array_equal(made, apply_transform(image, transform, "reflect"))


def test_numbers_belong_to_their_image() -> None:
    """An image's numbers do not depend on which others are asked for, nor on how many there are."""
    few, many = draw_numbers((1, 2), np.array([5, 2])), draw_numbers((1, 2), np.arange(1000))
    np.testing.assert_array_equal(few, many[[5, 2]])
    assert not np.array_equal(few, draw_numbers((1, 3), np.array([5, 2])))
    assert (many >= 0).all() and (many < 1).all() and len(np.unique(many)) == many.size
