"""Transformations drawn at random: an image's depends on its key and the seed alone.

Each image draws from a generator seeded by (seed, epoch, row), so that the result does not depend
on batch order or on threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.augmentation.colour import N_COLOUR_DRAWS, draw_colours
from helpers.augmentation.cutout import Box, cutout_box
from helpers.augmentation.settings import Augmentation

N_DRAWS = 13
"""Random numbers behind a transformation: six ranges, two flips, a crop's three, a cutout's two."""


Number = Any
"""A number of one transformation, or an array with one for each of a batch."""


@dataclass(frozen=True)
class Transform:
    """One drawn transformation, or a batch of them, in the units of `Augmentation`.

    Shifts are in pixels. A crop is its side as a share of the image's, and the row and column
    where it begins; colours are a matrix of `helpers.augmentation.colour`.
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
