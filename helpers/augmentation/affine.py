"""A picture resampled once, through its transformation composed into one affine.

After it, where the settings say so, colours change (`helpers.augmentation.colour`) and a square is
hidden (`helpers.augmentation.cutout`). Which border a setting means is in `BORDERS`; the default is
in `helpers.augmentation.settings`, and the same on a GPU in `helpers.augmentation.on_device`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.augmentation.colour import recolour
from helpers.augmentation.cutout import fill_box
from helpers.augmentation.draws import Transform, draw_transforms
from helpers.augmentation.settings import Augmentation

BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "nearest": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "wrap": cv2.BORDER_WRAP,
}


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
    The map runs backwards, from output to input: a positive shift moves the picture to the left or
    up, a positive angle turns it anticlockwise, and a zoom factor above 1 shows more of the scene.
    These are the directions of ``apply_affine_transform`` in Keras 3, whose matrices act on (x, y).
    Two things differ on purpose: shifts follow their names (the generator of Keras 3 hands its
    height shift to x), and the centre is right for images that are not square (Keras exchanges
    height and width). `helpers.lessons.keras_generator` runs both.
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
        What fills the places outside the image. With "constant" the last pixel fades into black,
        and "wrap" repeats the image as it is; SciPy, which Keras samples with, cuts off at the
        last pixel, and takes the first and the last for one.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Bilinear samples.
    """
    height, width = image.shape[:2]
    result = np.empty_like(image)
    sample = _sampler((height, width), fill_mode)
    sample(image, sample.shifted(affine_matrix(transform, (height, width))), result)
    if transform.colours is not None:
        recolour(result, transform.colours)
    if transform.cutout is not None:
        fill_box(result, transform.cutout)
    return result


class _Sampler:
    """Samples images of one size; memory that is used again and again is not mapped again."""

    def __init__(self, size: tuple[int, int], fill_mode: str) -> None:
        height, width = self._size = size
        self._border = BORDERS[fill_mode]
        # Outside an image OpenCV takes five times as long, so that near edges are repeated here.
        self._margin = margin = max(size) // 8 if fill_mode == "nearest" else 0
        self._padded = np.empty((height + 2 * margin, width + 2 * margin, 4), np.uint8)
        self._image = self._padded[margin : margin + height, margin : margin + width]
        self._warped = np.empty((height, width, 4), np.uint8)

    def shifted(self, matrices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Those of `affine_matrix`, of shape (..., 3, 3), as they are asked for in a call."""
        return matrices[..., :2, :] + [0, 0, self._margin]

    def __call__(
        self,
        image: NDArray[np.uint8],
        matrix: NDArray[np.float64],
        result: NDArray[np.uint8],
    ) -> None:
        """Sample `image` into `result` by a matrix of shape (2, 3) out of `shifted`."""
        (height, width), margin = self._size, self._margin
        # With four channels OpenCV samples in half the time, and the same values.
        cv2.cvtColor(image, cv2.COLOR_RGB2RGBA, dst=self._image)
        if margin:  # of a picture in the middle of its destination, the border alone is made
            cv2.copyMakeBorder(
                self._image, margin, margin, margin, margin, cv2.BORDER_REPLICATE, self._padded
            )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(self._padded, matrix, (width, height), self._warped, flags, self._border)
        cv2.cvtColor(self._warped, cv2.COLOR_RGBA2RGB, dst=result)


_of_thread = threading.local()


def _sampler(size: tuple[int, int], fill_mode: str) -> _Sampler:
    """The calling thread's: the last one again, if it is for such images."""
    key = size, fill_mode
    if getattr(_of_thread, "key", None) != key:
        _of_thread.sampler, _of_thread.key = _Sampler(size, fill_mode), key
    sampler: _Sampler = _of_thread.sampler
    return sampler


def augment_batch(
    images: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    augmentation: Augmentation,
    keys: NDArray[np.intp],
    seed: tuple[int, ...],
    out: NDArray[np.uint8] | None = None,
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
    out : ndarray of shape (batch_size, height, width, 3), uint8, optional
        Where the augmented images go; None makes a new array.

    Returns
    -------
    ndarray of shape (batch_size, height, width, 3), uint8
        The same for the same keys and seed.
    """
    if augmentation.is_identity:
        return np.asarray(images) if out is None else np.stack(list(images), out=out)
    height, width = images[0].shape[:2]
    transform = draw_transforms(augmentation, (height, width), keys, seed)
    result = np.empty((len(images), height, width, 3), np.uint8) if out is None else out
    sample = _sampler((height, width), augmentation.fill_mode)
    matrices = sample.shifted(affine_matrix(transform, (height, width)))
    for image, matrix, sampled in zip(images, matrices, result, strict=True):
        sample(image, matrix, sampled)
    if transform.colours is not None:
        for sampled, colours in zip(result, transform.colours, strict=True):
            recolour(sampled, colours)
    if transform.cutout is not None:
        for sampled, box in zip(result, np.transpose(transform.cutout), strict=True):
            fill_box(sampled, box)
    return result
