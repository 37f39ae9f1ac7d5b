"""Augmentation: the transformations of an image composed into one affine, sampled once.

After it, where the recipe says so, colours change (`helpers.colour_jitter`) and a square is hidden
(`helpers.cutout`).

The parameters have the names and units of Keras' ``ImageDataGenerator``, so that a published
recipe can be typed in as it stands. Each image draws its own transformation from a generator
seeded by (seed, epoch, row): the result does not depend on batch order or on threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from helpers.colour_jitter import N_COLOUR_DRAWS, draw_colours, recolour
from helpers.cutout import Box, cutout_box, fill_box

BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "nearest": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "wrap": cv2.BORDER_WRAP,
}


N_DRAWS = 13
"""Random numbers behind a transformation: six ranges, two flips, a crop's three, a cutout's two."""


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
    brightness_range, contrast_range, saturation_range : float
        Each factor is uniform in [1 - r, 1 + r]; see `helpers.colour_jitter.colour_matrix`.
    hue_range : float
        Degrees, uniform in both directions.
    cutout : float
        Side of a square that is hidden last of all, as a share of the image's shorter side; see
        `helpers.cutout.cutout_box`.
    fill_mode : {"nearest", "constant", "reflect", "wrap"}
        What fills the places outside the image; "constant" fills black.

    References
    ----------
    .. [1] ``ImageDataGenerator``, https://keras.io/api/data_loading/image/, which has neither
       crops nor cutout, and whose changes of colour are others.
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
    brightness_range: float = Field(0.0, ge=0, lt=1)
    contrast_range: float = Field(0.0, ge=0, lt=1)
    saturation_range: float = Field(0.0, ge=0, le=1)
    hue_range: float = Field(0.0, ge=0, le=180)
    cutout: float = Field(0.0, ge=0, lt=1)
    fill_mode: Literal["nearest", "constant", "reflect", "wrap"] = "nearest"

    @property
    def is_identity(self) -> bool:
        """Whether no image is changed."""
        return self == Augmentation(fill_mode=self.fill_mode)

    @property
    def colour_ranges(self) -> tuple[float, float, float, float]:
        """Of brightness, contrast, saturation and hue; all 0 where no colour changes."""
        return (
            self.brightness_range,
            self.contrast_range,
            self.saturation_range,
            self.hue_range,
        )


Number = Any
"""A number of one transformation, or an array with one for each of a batch."""


@dataclass(frozen=True)
class Transform:
    """One drawn transformation, or a batch of them, in the units of `Augmentation`.

    Shifts are in pixels. A crop is its side as a share of the image's, and the row and column
    where it begins; colours are a matrix of `helpers.colour_jitter`.
    """

    theta: Number = 0.0
    shift_rows: Number = 0.0
    shift_columns: Number = 0.0
    shear: Number = 0.0
    zoom_rows: Number = 1.0
    zoom_columns: Number = 1.0
    flip_horizontal: Number = False
    flip_vertical: Number = False
    crop_side: Number = 1.0
    crop_row: Number = 0.0
    crop_column: Number = 0.0
    colours: NDArray[np.float64] | None = None
    cutout: Box | None = None


def draw_transform(
    augmentation: Augmentation, size: tuple[int, int], rng: np.random.Generator
) -> Transform:
    """Draw one transformation; see `make_transform`."""
    numbers = rng.random(N_DRAWS)
    return make_transform(augmentation, size, numbers, rng.random(N_COLOUR_DRAWS))


def draw_transforms(
    augmentation: Augmentation,
    size: tuple[int, int],
    keys: NDArray[np.intp],
    seed: tuple[int, ...],
) -> Transform:
    """Draw the transformations of a batch: an image's depends on its key and the seed alone.

    Parameters
    ----------
    augmentation : Augmentation
        The ranges.
    size : tuple of int
        (height, width) of the images in pixels.
    keys : ndarray of shape (batch_size,)
        A number for each image, such as its row in the store.
    seed : tuple of int
        Whatever else the draw depends on, such as (seed, stage, epoch).
    """
    numbers, colours = draw_numbers(seed, keys), None
    if any(augmentation.colour_ranges):
        colours = _draw_table((*seed, 2), _n_rows(keys), N_COLOUR_DRAWS)[keys]
    return make_transform(augmentation, size, numbers, colours)


def make_transform(
    augmentation: Augmentation,
    size: tuple[int, int],
    numbers: NDArray[np.float64],
    colour_numbers: NDArray[np.float64] | None = None,
) -> Transform:
    """Turn random numbers into a transformation, or many at once.

    Parameters
    ----------
    augmentation : Augmentation
        The ranges.
    size : tuple of int
        (height, width) of the image in pixels.
    numbers : ndarray of shape (N_DRAWS,) or (batch_size, N_DRAWS)
        Uniform in [0, 1). Each belongs to one range, so that two recipes that differ in one
        range draw alike in the others.
    colour_numbers : ndarray of shape (N_COLOUR_DRAWS,) or (batch_size, N_COLOUR_DRAWS), optional
        The same for colours; not asked for where the ranges change none.
    """
    angle, rows, columns, shear, zoom_rows, zoom_columns = 2 * numbers[..., :6].T - 1
    horizontal, vertical = numbers[..., 6:8].T < 0.5
    lost = numbers[..., 8] * augmentation.crop_range
    # From the centre of the first pixel to that of the last: nothing outside is sampled.
    crop_row, crop_column = (
        numbers[..., 9 + axis] * lost * (side - 1) for axis, side in enumerate(size)
    )
    box = None
    if augmentation.cutout:
        box = cutout_box(augmentation.cutout, size, numbers[..., 11:13].T)
    colours = None
    if colour_numbers is not None and any(augmentation.colour_ranges):
        colours = draw_colours(augmentation.colour_ranges, colour_numbers)
    return Transform(
        theta=angle * augmentation.rotation_range,
        shift_rows=rows * augmentation.height_shift_range * size[0],
        shift_columns=columns * augmentation.width_shift_range * size[1],
        shear=shear * augmentation.shear_range,
        zoom_rows=1 + zoom_rows * augmentation.zoom_range,
        zoom_columns=1 + zoom_columns * augmentation.zoom_range,
        flip_horizontal=horizontal & augmentation.horizontal_flip,
        flip_vertical=vertical & augmentation.vertical_flip,
        crop_side=1 - lost,
        crop_row=crop_row,
        crop_column=crop_column,
        colours=colours,
        cutout=box,
    )


def draw_numbers(seed: tuple[int, ...], keys: NDArray[np.intp]) -> NDArray[np.float64]:
    """The random numbers of a batch: those of an image depend on its key and the seed alone.

    Parameters
    ----------
    seed : tuple of int
        Such as (seed, stage, epoch).
    keys : ndarray of shape (batch_size,)
        A number for each image, such as its row in the store.

    Returns
    -------
    ndarray of shape (batch_size, N_DRAWS)
        Uniform in [0, 1).
    """
    # One more number in the seed: the same seed alone draws the order of the batches.
    return _draw_table((*seed, 1), _n_rows(keys), N_DRAWS)[keys]


def _n_rows(keys: NDArray[np.intp]) -> int:
    """Rows of a table that has these keys: a power of two, so that batches share it."""
    return 1 << int(max(keys)).bit_length()


@lru_cache(maxsize=4)  # an epoch asks for its tables once a batch
def _draw_table(seed: tuple[int, ...], n_rows: int, n_columns: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((n_rows, n_columns))


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
    ndarray of shape (3, 3) or (batch_size, 3, 3)
        Takes (column, row, 1) of the output to (column, row, 1) of the input.

    Notes
    -----
    Directions are those of ``apply_affine_transform`` in Keras 3, whose matrices act on
    (x, y). Two things differ on purpose: shifts follow their names (the generator of Keras 3
    hands its height shift to x), and the centre is right for images that are not square
    (Keras exchanges height and width).
    """
    height, width = size
    theta, shear = np.radians(transform.theta), np.radians(transform.shear)
    cos, sin = np.cos(theta), np.sin(theta)
    # Rotation times shear, by the addition theorems; crop, zoom and flip scale the columns.
    scale_x = transform.crop_side * transform.zoom_columns
    scale_y = transform.crop_side * transform.zoom_rows
    scale_x = np.where(transform.flip_horizontal, -scale_x, scale_x)
    scale_y = np.where(transform.flip_vertical, -scale_y, scale_y)
    xx, xy = cos * scale_x, -np.sin(theta + shear) * scale_y
    yx, yy = sin * scale_x, np.cos(theta + shear) * scale_y
    # All but the shift leaves the centre where it is, and the crop then moves it.
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    move_x = cos * transform.shift_columns - sin * transform.shift_rows
    move_y = sin * transform.shift_columns + cos * transform.shift_rows
    offset_x = transform.crop_side * (centre_x + move_x) + transform.crop_column
    offset_y = transform.crop_side * (centre_y + move_y) + transform.crop_row
    offset_x = offset_x - xx * centre_x - xy * centre_y
    offset_y = offset_y - yx * centre_x - yy * centre_y
    entries = np.broadcast_arrays(xx, xy, offset_x, yx, yy, offset_y, 0.0, 0.0, 1.0)
    return np.stack(entries, axis=-1).reshape(*entries[0].shape, 3, 3)


def apply_transform(
    image: NDArray[np.uint8], transform: Transform, fill_mode: str = "nearest"
) -> NDArray[np.uint8]:
    """Resample an image once through its composed affine; recolour it and hide the square.

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
    height, width = image.shape[:2]
    matrix = affine_matrix(transform, (height, width))[:2]
    result = np.empty_like(image)
    _sample(image, matrix, fill_mode, *_scratch((height, width)), result)
    if transform.colours is not None:
        recolour(result, transform.colours)
    if transform.cutout is not None:
        fill_box(result, transform.cutout)
    return result


def _scratch(size: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Memory for `_sample`: two images of four channels."""
    return np.empty((*size, 4), np.uint8), np.empty((*size, 4), np.uint8)


def _sample(
    image: NDArray[np.uint8],
    matrix: NDArray[np.float64],
    fill_mode: str,
    padded: NDArray[np.uint8],
    warped: NDArray[np.uint8],
    result: NDArray[np.uint8],
) -> None:
    """Sample an image into `result`; the two arrays before it are overwritten."""
    height, width = image.shape[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # With four channels OpenCV samples in half the time, and the same values.
    cv2.cvtColor(image, cv2.COLOR_RGB2RGBA, dst=padded)
    cv2.warpAffine(
        padded, matrix, (width, height), warped, flags=flags, borderMode=BORDERS[fill_mode]
    )
    cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, dst=result)


def augment_batch(
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    augmentation: Augmentation,
    keys: NDArray[np.intp],
    seed: tuple[int, ...],
) -> NDArray[np.uint8]:
    """Augment a batch, each image with a transformation of its own.

    Parameters
    ----------
    images : sequence of ndarray of shape (height, width, 3), uint8
        Decoded images of one size; views into a store are not copied.
    augmentation : Augmentation
        The ranges to draw from.
    keys : ndarray of shape (batch_size,)
        A number for each image, such as its row in the store.
    seed : tuple of int
        Whatever else the draw depends on, such as (seed, epoch).

    Returns
    -------
    ndarray of shape (batch_size, height, width, 3), uint8
        The same for the same keys and seed.
    """
    if augmentation.is_identity:
        return np.asarray(images)
    height, width = images[0].shape[:2]
    transform = draw_transforms(augmentation, (height, width), keys, seed)
    matrices = affine_matrix(transform, (height, width))[:, :2]
    result = np.empty((len(images), height, width, 3), np.uint8)
    scratch = _scratch((height, width))  # memory used again and again is not mapped again
    for image, matrix, sampled in zip(images, matrices, result, strict=True):
        _sample(image, matrix, augmentation.fill_mode, *scratch, sampled)
    if transform.colours is not None:
        for sampled, colours in zip(result, transform.colours, strict=True):
            recolour(sampled, colours)
    if transform.cutout is not None:
        for sampled, box in zip(result, np.transpose(transform.cutout), strict=True):
            fill_box(sampled, box)
    return result
