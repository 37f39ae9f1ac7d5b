"""Augmentation: the transformations of an image composed into one affine, sampled once.

After it, where the recipe says so, a square is hidden (`helpers.cutout`).

The parameters have the names and units of Keras' ``ImageDataGenerator``, so that a published
recipe can be typed in as it stands. Each image draws its own transformation from a generator
seeded by (seed, epoch, row): the result does not depend on batch order or on threads.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from helpers.cutout import Box, cutout_box, fill_box

BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "nearest": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "wrap": cv2.BORDER_WRAP,
}


class Augmentation(BaseModel):
    """Ranges from which each image's transformation is drawn; the default changes nothing.

    Attributes
    ----------
    rotation_range : float
        Degrees; the angle is uniform in [-rotation_range, rotation_range].
    width_shift_range, height_shift_range : float
        Fraction of the width or height, uniform in both directions.
    shear_range : float
        Degrees, uniform in both directions.
    zoom_range : float
        Height and width are scaled apart, each by a factor uniform in [1 - z, 1 + z]; a factor
        above 1 shows more of the scene, as in Keras.
    horizontal_flip, vertical_flip : bool
        Flip with probability one half.
    crop_range : float
        A part of the image takes the place of the whole. Its sides are the image's times a
        number uniform in [1 - crop_range, 1], and it lies anywhere wholly inside. What else is
        done is done to this part; where that looks beyond it, it sees the image around it.
    cutout : float
        Side of a square that is hidden last of all, as a share of the image's shorter side; see
        `helpers.cutout.cutout_box`.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What fills the places outside the image; "constant" fills black.

    References
    ----------
    .. [1] ``ImageDataGenerator``, https://keras.io/api/data_loading/image/, which has neither
       crops nor cutout.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rotation_range: float = Field(0.0, ge=0, le=180)
    width_shift_range: float = Field(0.0, ge=0, lt=1)
    height_shift_range: float = Field(0.0, ge=0, lt=1)
    shear_range: float = Field(0.0, ge=0, lt=90)
    zoom_range: float = Field(0.0, ge=0, lt=1)
    horizontal_flip: bool = False
    vertical_flip: bool = False
    crop_range: float = Field(0.0, ge=0, lt=1)
    cutout: float = Field(0.0, ge=0, lt=1)
    fill_mode: Literal["nearest", "constant", "reflect", "wrap"] = "nearest"

    @property
    def is_identity(self) -> bool:
        """Whether no image is changed."""
        return self == Augmentation(fill_mode=self.fill_mode)


class Transform(BaseModel):
    """One drawn transformation, in the units of `Augmentation`; shifts in pixels.

    A crop is its side as a share of the image's, and the row and column where it begins.
    """

    model_config = ConfigDict(frozen=True)

    theta: float = 0.0
    shift_rows: float = 0.0
    shift_columns: float = 0.0
    shear: float = 0.0
    zoom_rows: float = 1.0
    zoom_columns: float = 1.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    crop_side: float = 1.0
    crop_row: float = 0.0
    crop_column: float = 0.0
    cutout: Box | None = None


def draw_transform(
    augmentation: Augmentation, size: tuple[int, int], rng: np.random.Generator
) -> Transform:
    """Draw one image's transformation.

    Parameters
    ----------
    augmentation : Augmentation
        The ranges.
    size : tuple of int
        (height, width) of the image in pixels.
    rng : numpy.random.Generator
        Always asked for the same eight numbers, so that two recipes that differ in one range
        draw alike in the others; then, with a crop or a cutout, for five more.
    """
    angle, rows, columns, shear, zoom_rows, zoom_columns = rng.uniform(-1, 1, 6)
    horizontal, vertical = rng.random(2) < 0.5
    last: dict[str, Any] = {}
    if augmentation.crop_range or augmentation.cutout:
        last = _draw_crop_and_cutout(augmentation, size, rng.random(5))
    return Transform(
        theta=angle * augmentation.rotation_range,
        shift_rows=rows * augmentation.height_shift_range * size[0],
        shift_columns=columns * augmentation.width_shift_range * size[1],
        shear=shear * augmentation.shear_range,
        zoom_rows=1 + zoom_rows * augmentation.zoom_range,
        zoom_columns=1 + zoom_columns * augmentation.zoom_range,
        flip_horizontal=bool(horizontal and augmentation.horizontal_flip),
        flip_vertical=bool(vertical and augmentation.vertical_flip),
        **last,
    )


def _draw_crop_and_cutout(
    augmentation: Augmentation, size: tuple[int, int], draws: NDArray[np.float64]
) -> dict[str, Any]:
    drawn: dict[str, Any] = {}
    if augmentation.crop_range:
        lost = draws[0] * augmentation.crop_range
        # From the centre of the first pixel to that of the last: nothing outside is sampled.
        row, column = draws[1:3] * lost * (np.array(size) - 1)
        drawn |= {"crop_side": 1 - lost, "crop_row": row, "crop_column": column}
    if augmentation.cutout:
        drawn["cutout"] = cutout_box(augmentation.cutout, size, draws[3:])
    return drawn


def affine_matrix(transform: Transform, size: tuple[int, int]) -> NDArray[np.float64]:
    """Compose a transformation into one matrix from output to input pixels.

    Parameters
    ----------
    transform : Transform
        Applied in Keras' order, to the part that its crop leaves: rotation, shift, shear and
        zoom about the centre, then flips.
    size : tuple of int
        (height, width) in pixels.

    Returns
    -------
    ndarray of shape (3, 3)
        Takes (column, row, 1) of the output to (column, row, 1) of the input.

    Notes
    -----
    Directions are those of ``apply_affine_transform`` in Keras 3, whose matrices act on
    (x, y). Two things differ on purpose: shifts follow their names (the generator of Keras 3
    hands its height shift to x), and the centre is right for images that are not square
    (Keras exchanges height and width).
    """
    height, width = size
    theta, shear = math.radians(transform.theta), math.radians(transform.shear)
    cos, sin = math.cos(theta), math.sin(theta)
    # Rotation times shear, by the addition theorems; zoom and flip scale the columns.
    scale_x = -transform.zoom_columns if transform.flip_horizontal else transform.zoom_columns
    scale_y = -transform.zoom_rows if transform.flip_vertical else transform.zoom_rows
    xx, xy = cos * scale_x, -math.sin(theta + shear) * scale_y
    yx, yy = sin * scale_x, math.cos(theta + shear) * scale_y
    # All but the shift leaves the centre where it is.
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    move_x = cos * transform.shift_columns - sin * transform.shift_rows
    move_y = sin * transform.shift_columns + cos * transform.shift_rows
    offset_x = centre_x + move_x - xx * centre_x - xy * centre_y
    offset_y = centre_y + move_y - yx * centre_x - yy * centre_y
    matrix = np.array([[xx, xy, offset_x], [yx, yy, offset_y], [0.0, 0.0, 1.0]])
    if transform.crop_side != 1:
        matrix[:2] *= transform.crop_side
        matrix[:2, 2] += transform.crop_column, transform.crop_row
    return matrix


def apply_transform(
    image: NDArray[np.uint8], transform: Transform, fill_mode: str = "nearest"
) -> NDArray[np.uint8]:
    """Resample an image once through its composed affine, and hide the square if there is one.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        The decoded image.
    transform : Transform
        What to do with it.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}, default="nearest"
        What fills the places outside the image.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Bilinear samples.
    """
    return _sample(image, transform, fill_mode, *_scratch(image.shape[:2]))


Scratch = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


def _scratch(size: tuple[int, ...]) -> Scratch:
    """Memory for `_sample`: two images of four channels and one of three."""
    four, three = (*size, 4), (*size, 3)
    return np.empty(four, np.uint8), np.empty(four, np.uint8), np.empty(three, np.uint8)


def _sample(
    image: NDArray[np.uint8],
    transform: Transform,
    fill_mode: str,
    padded: NDArray[np.uint8],
    warped: NDArray[np.uint8],
    result: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Sample an image into `result`; the other two arrays are overwritten."""
    height, width = image.shape[:2]
    matrix = affine_matrix(transform, (height, width))[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # With four channels OpenCV samples in half the time, and the same values.
    cv2.cvtColor(image, cv2.COLOR_RGB2RGBA, dst=padded)
    cv2.warpAffine(
        padded, matrix, (width, height), warped, flags=flags, borderMode=BORDERS[fill_mode]
    )
    cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, dst=result)
    if transform.cutout is not None:
        fill_box(result, transform.cutout)
    return result


def augment_batch(
    images: NDArray[np.uint8],
    augmentation: Augmentation,
    keys: NDArray[np.intp],
    seed: tuple[int, ...],
    dtype: type = np.uint8,
) -> NDArray[Any]:
    """Augment a batch, each image with a transformation of its own.

    Parameters
    ----------
    images : ndarray of shape (batch_size, height, width, 3), uint8
        Decoded images.
    augmentation : Augmentation
        The ranges to draw from.
    keys : ndarray of shape (batch_size,)
        A number for each image, such as its row in the store.
    seed : tuple of int
        Whatever else the draw depends on, such as (seed, epoch).
    dtype : type, default=numpy.uint8
        Of the result. Asking for ``numpy.float32`` here spares a copy of the batch.

    Returns
    -------
    ndarray of shape (batch_size, height, width, 3)
        In 0..255; the same for the same keys and seed.
    """
    if augmentation.is_identity:
        return images.astype(dtype, copy=False)
    size = images.shape[1], images.shape[2]
    result: NDArray[Any] = np.empty(images.shape, dtype)
    scratch = _scratch(size)  # memory that is used again and again need not be mapped again
    for index, (image, key) in enumerate(zip(images, keys, strict=True)):
        rng = np.random.default_rng([*seed, int(key)])
        transform = draw_transform(augmentation, size, rng)
        result[index] = _sample(image, transform, augmentation.fill_mode, *scratch)
    return result
