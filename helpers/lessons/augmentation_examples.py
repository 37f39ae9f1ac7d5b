"""What an augmentation does to pictures: examples of it, and how much of a lesion it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.augmentation import (
    Augmentation,
    Transform,
    affine_matrix,
    apply_transform,
    augment_batch,
    colour_matrix,
    cutout_box,
    draw_transform,
)
from helpers.dataset import read_mask
from helpers.statistics import mean_interval
from helpers.training import TrialConfig

Image = NDArray[np.uint8]


def parameter_ends(
    image: Image, augmentation: Augmentation, fill_mode: str = "constant", seed: int = 0
) -> tuple[list[Image], list[str]]:
    """An image under each parameter alone, at the two ends of its range.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        The decoded image.
    augmentation : Augmentation
        The ranges; a parameter whose range is nil is left out.
    fill_mode : str, default="constant"
        What fills the places outside the image; black shows where they are.
    seed : int, default=0
        Of the one picture under all parameters at once.

    Returns
    -------
    images : list of ndarray of shape (height, width, 3), uint8
        The original first.
    titles : list of str
        What was done, in the units of `Augmentation`.
    """
    height, width = image.shape[:2]
    zoom = augmentation.zoom_range
    made = [("horizontal flip", Transform(flip_horizontal=True))] * augmentation.horizontal_flip
    made += [("vertical flip", Transform(flip_vertical=True))] * augmentation.vertical_flip
    made += _crops_and_cutout(augmentation, (height, width))
    rng = np.random.default_rng(seed)
    made.append(("all at once", draw_transform(augmentation, (height, width), rng)))
    ends = (
        ("rotation", "°", "theta", augmentation.rotation_range, 1),
        ("shear", "°", "shear", augmentation.shear_range, 1),
        ("width shift", "", "shift_columns", augmentation.width_shift_range, width),
        ("height shift", "", "shift_rows", augmentation.height_shift_range, height),
    )
    for name, unit, field, reach, pixels in ends:
        for sign, mark in ((-1, "−"), (1, "+")):
            transform = _alone(field, sign * reach * pixels)
            made += [(f"{name} {mark}{reach:g}{unit}", transform)] * (reach > 0)
    for name, field in (("width", "zoom_columns"), ("height", "zoom_rows")):
        for factor in (1 - zoom, 1 + zoom):
            made += [(f"zoom of {name} {factor:g}", _alone(field, factor))] * (zoom > 0)
    made += _colours(augmentation)
    images = [image, *(apply_transform(image, transform, fill_mode) for _, transform in made)]
    return images, ["original", *(title for title, _ in made)]


def _alone(field: str, value: float) -> Transform:
    values: dict[str, Any] = {field: value}
    return Transform(**values)


def _colours(augmentation: Augmentation) -> list[tuple[str, Transform]]:
    """Each change of colour at the two ends of its range."""
    made = []
    names = ("brightness", "contrast", "saturation", "hue")
    for name, reach in zip(names, augmentation.colour_ranges, strict=True):
        for end in (-reach, reach) if reach else ():
            value, text = (end, f"{end:+g}°") if name == "hue" else (1 + end, f"{1 + end:g}")
            colours = colour_matrix(**{name: value})
            made.append((f"{name} {text}", Transform(colours=colours)))
    return made


def _crops_and_cutout(
    augmentation: Augmentation, size: tuple[int, int]
) -> list[tuple[str, Transform]]:
    """The smallest crop in two opposite corners, and the square in the middle."""
    made = []
    lost, square = augmentation.crop_range, augmentation.cutout
    if lost:
        row, column = (lost * (side - 1) for side in size)
        corner = Transform(crop_side=1 - lost, crop_row=row, crop_column=column)
        made.append((f"crop {1 - lost:g}, top left", Transform(crop_side=1 - lost)))
        made.append((f"crop {1 - lost:g}, bottom right", corner))
    if square:
        box = cutout_box(square, size, np.array([0.5, 0.5]))
        made.append((f"cutout {square:g}", Transform(cutout=box)))
    return made


def step_by_step(image: Image, transform: Transform, fill_mode: str = "constant") -> Image:
    """Apply the parts of a transformation one after the other, resampling each time.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        The decoded image.
    transform : Transform
        Its parts in Keras' order: crop, rotation, shift, shear, zoom, flips, colours, cutout.
    fill_mode : str, default="constant"
        What fills the places outside the image, at each step anew.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        What `apply_transform` gives in one step, less what each step lost.
    """
    parts = (
        Transform(
            crop_side=transform.crop_side,
            crop_row=transform.crop_row,
            crop_column=transform.crop_column,
        ),
        Transform(theta=transform.theta),
        Transform(shift_rows=transform.shift_rows, shift_columns=transform.shift_columns),
        Transform(shear=transform.shear),
        Transform(zoom_rows=transform.zoom_rows, zoom_columns=transform.zoom_columns),
        Transform(flip_horizontal=transform.flip_horizontal, flip_vertical=transform.flip_vertical),
    )
    for part in parts:
        if part != Transform():
            image = apply_transform(image, part, fill_mode)
    last = Transform(colours=transform.colours, cutout=transform.cutout)  # neither samples
    return apply_transform(image, last, fill_mode)


def sharpness(image: Image) -> float:
    """Mean absolute difference of neighbouring pixels, in grey levels of 0 to 255."""
    grey = image.astype(float).mean(axis=2)
    return float((np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()) / 2)


def black_share(image: Image) -> float:
    """Share of pixels that are wholly black, in [0, 1]."""
    return float((image.max(axis=2) == 0).mean())


def draw_examples(
    image: Image, augmentations: Sequence[Augmentation], n: int = 5, seed: int = 0
) -> Image:
    """Pictures of one image under several augmentations.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        The decoded image.
    augmentations : sequence of Augmentation
        A row each.
    n : int, default=5
        Pictures in a row.
    seed : int, default=0
        Pictures below each other come from the same random numbers, scaled by the ranges.

    Returns
    -------
    ndarray of shape (n_augmentations, n, height, width, 3), uint8
    """
    batch, keys = np.stack([image] * n), np.arange(n)
    return np.stack([augment_batch(batch, each, keys, (seed,)) for each in augmentations])


def frame_and_lesion(
    transform: Transform, size: tuple[int, int], lesion: NDArray[np.bool_] | None
) -> tuple[float, float]:
    """How much of a transformed picture is invented, and how much of its lesion is left in it.

    Parameters
    ----------
    transform : Transform
        With shifts for an image of ``size``.
    size : tuple of int
        (height, width) in pixels.
    lesion : ndarray of bool of shape ``size`` or None
        The lesion's mask.

    Returns
    -------
    filled : float
        Share in [0, 1] of the output that lies outside the original, or under a cutout, and has
        to be filled.
    kept : float
        Share in [0, 1] of the lesion's pixels that the output still shows; NaN without a lesion.
    """
    height, width = size
    matrix = affine_matrix(transform, size)
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 2)
    hidden = np.zeros(size, dtype=bool)
    if transform.cutout is not None:
        top, bottom, left, right = transform.cutout
        hidden[top:bottom, left:right] = True
    filled = 1.0 - (_inside(grid, matrix, size) & ~hidden.ravel()).mean()
    if lesion is None or not lesion.any():
        return float(filled), np.nan
    onto, shown = np.linalg.inv(matrix), grid[lesion.ravel()]
    seen = _inside(shown, onto, size)
    columns, rows = np.rint(shown[seen] @ onto[:2, :2].T + onto[:2, 2]).astype(int).T
    seen[seen] = ~hidden[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return float(filled), float(seen.mean())


def measure_augmentations(
    configs: Sequence[TrialConfig], catalogue: pd.DataFrame, n_images: int = 60, seed: int = 0
) -> pd.DataFrame:
    """Measure on training images what each trial's augmentation fills and cuts off.

    Parameters
    ----------
    configs : sequence of TrialConfig
        Their augmentations are measured.
    catalogue : DataFrame
        With a `split` column; images without a mask count for the filled share only.
    n_images : int, default=60
        Training images, drawn at random; four transformations each.
    seed : int, default=0
        Of images and transformations.

    Returns
    -------
    DataFrame
        A row a trial: ``trial``; ``filled``, the mean share of the picture that is filled;
        ``kept``, the mean share of the lesion that is still in the picture, or a NaN estimate;
        ``cut``, the share of pictures that show less than nine tenths of the lesion.
    """
    size = (75, 100)
    train = catalogue[catalogue["split"] == "train"]
    chosen = train.sample(min(n_images, len(train)), random_state=seed)
    masks = [_small_mask(path, size) if path else None for path in chosen["mask_path"]]
    rows = []
    for config in configs:
        measured = []
        for number, (lesion, lesion_id) in enumerate(zip(masks, chosen["lesion_id"], strict=True)):
            for draw in range(4):
                rng = np.random.default_rng([seed, number, draw])
                transform = draw_transform(config.augmentation, size, rng)
                measured.append((lesion_id, *frame_and_lesion(transform, size, lesion)))
        table = pd.DataFrame(measured, columns=["lesion_id", "filled", "kept"])
        seen = table.dropna()
        row = {"trial": config.name, "filled": mean_interval(table["filled"], table["lesion_id"])}
        if len(seen):
            row["kept"] = mean_interval(seen["kept"], seen["lesion_id"])
            row["cut"] = mean_interval((seen["kept"] < 0.9).astype(float), seen["lesion_id"])
        rows.append(row)
    return pd.DataFrame(rows)


def _inside(
    points: NDArray[np.intp], matrix: NDArray[np.floating[Any]], size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Whether (column, row) points are inside the frame once the matrix has taken them."""
    moved = points @ matrix[:2, :2].T + matrix[:2, 2]
    limits = np.array([size[1] - 0.5, size[0] - 0.5])
    return np.asarray(((moved >= -0.5) & (moved <= limits)).all(axis=1))


def _small_mask(locator: str, size: tuple[int, int]) -> NDArray[np.bool_]:
    mask = read_mask(locator)
    rows = np.arange(size[0]) * mask.shape[0] // size[0]
    columns = np.arange(size[1]) * mask.shape[1] // size[1]
    return np.asarray(mask[np.ix_(rows, columns)])
