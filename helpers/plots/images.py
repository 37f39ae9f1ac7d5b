"""Pictures: contact sheets, galleries, augmentations, heat maps, and where their mass lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from helpers.plots.axes import (
    FAINT,
    INK,
    axes_or_new,
    bare,
    beside_point,
    labels_of,
    legend_above,
    picture_grid,
    share_axis,
)
from helpers.statistics import mean_interval

Image = NDArray[np.uint8]


class CamRow(TypedDict, total=False):
    """A row of `cam_grid`; where a prediction is missing or None, its place says so.

    ``label`` names the row. ``right`` and ``wrong`` are dictionaries of ``image``
    (uint8, (height, width, 3)), ``heat`` (in [0, 1], (height, width)), and optionally ``mask``
    (bool, (height, width)) and ``title``.
    """

    label: str
    right: Mapping[str, Any] | None
    wrong: Mapping[str, Any] | None


def contact_sheet(
    images: Sequence[Image], titles: Sequence[str] | None = None, n_columns: int = 6
) -> Figure:
    """Draw images in a grid.

    Parameters
    ----------
    images : sequence of ndarray of uint8 of shape (height, width, 3)
        At least one.
    titles : sequence of str or None, default=None
        A title an image, of one short line.
    n_columns : int, default=6
        Images side by side.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there are no images, or not as many titles.
    """
    if not len(images) or (titles is not None and len(titles) != len(images)):
        n_titles = "no" if titles is None else len(titles)
        raise ValueError(
            f"expected images and a title each but got {len(images)} images and {n_titles} "
            "titles; pass as many of both"
        )
    n_columns = min(n_columns, len(images))
    n_rows = -(-len(images) // n_columns)
    figure, axes = picture_grid(images[0].shape, n_rows, n_columns, titled=titles is not None)
    for index, ax in enumerate(axes.ravel()):
        if index < len(images):
            ax.imshow(images[index])
            if titles is not None:
                _title(ax, titles[index])
    return figure


def class_gallery(
    images: Mapping[str, Sequence[Image]], labels: Mapping[str, str] | None = None
) -> Figure:
    """Draw a row of images for each class.

    Parameters
    ----------
    images : mapping of str to sequence of ndarray of uint8 of shape (height, width, 3)
        Images by class, in the order of rows; rows may differ in length.
    labels : mapping of str to str or None, default=None
        Text of a class where it is not its code; may have several lines and Chinese.

    Returns
    -------
    Figure
    """
    shape = next(image.shape for row in images.values() for image in row)
    n_columns = max(len(row) for row in images.values())
    texts = labels_of(list(images), labels)
    figure, axes = picture_grid(shape, len(images), n_columns, labels=texts)
    for row, row_images in enumerate(images.values()):
        for ax, image in zip(axes[row], row_images, strict=False):
            ax.imshow(image)
    return figure


def augmentation_grid(
    originals: Sequence[Image], augmented: NDArray[Any], titles: Sequence[str] | None = None
) -> Figure:
    """Draw each original with random augmentations of it to its right.

    Parameters
    ----------
    originals : sequence of ndarray of shape (height, width, 3)
        Values in [0, 255].
    augmented : ndarray of shape (n_originals, n_augmentations, height, width, 3)
        Values in [0, 255].
    titles : sequence of str or None, default=None
        Name of each row.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the numbers of originals, augmented rows and titles differ.
    """
    n_titles = len(originals) if titles is None else len(titles)
    if not len(originals) == len(augmented) == n_titles:
        raise ValueError(
            f"expected one row of augmentations and one title an original but got "
            f"{len(originals)}, {len(augmented)} and {n_titles}; pass as many of each"
        )
    n_rows, n_augmentations = augmented.shape[:2]
    figure, axes = picture_grid(
        originals[0].shape, n_rows, n_augmentations + 1, labels=titles or (), header=0.2
    )
    for row, original in enumerate(originals):
        axes[row, 0].imshow(_to_uint8(original))
        for ax, image in zip(axes[row, 1:], augmented[row], strict=True):
            ax.imshow(_to_uint8(image))
        for spine in axes[row, 0].spines.values():
            spine.set(visible=True, color=INK, linewidth=1.6)
    for ax, text in ((axes[0, 0], "original"), (axes[0, 1], "augmented")):
        ax.set_title(text, fontsize="small", loc="left", pad=3)
    return figure


def cam_overlay(
    image: Image,
    heat: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
    ax: Axes | None = None,
    *,
    title: str = "",
) -> Axes:
    """Draw a heat map over its image, with the lesion's outline.

    Parameters
    ----------
    image : ndarray of uint8 of shape (height, width, 3)
        The image that the map explains.
    heat : ndarray of shape (height, width)
        In [0, 1]; any size, stretched over the image. Low heat is see-through.
    mask : ndarray of bool of shape (height, width) or None, default=None
        The lesion; its border is drawn white on black.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.
    title : str, default=""
        Written above.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the heat is not a finite map in [0, 1].
    """
    heat = np.asarray(heat, dtype=float)
    in_range = (heat >= 0) & (heat <= 1)  # NaN is not
    if heat.ndim != 2 or not in_range.all():
        raise ValueError(
            f"expected a heat map of two dimensions in [0, 1] but got shape {heat.shape} with "
            f"{int((~in_range).sum())} values beyond it or NaN; divide it by its maximum"
        )
    ax = axes_or_new(ax, 4.2)
    height, width = image.shape[:2]
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    ax.imshow(image)
    opacity = 0.7 * np.clip(heat * 1.4, 0, 1)
    ax.imshow(
        heat,
        cmap="inferno",
        vmin=0,
        vmax=1,
        alpha=opacity,
        extent=extent,
        interpolation="bilinear",
    )
    if mask is not None and mask.any() and not mask.all():
        rows = np.linspace(0, height - 1, mask.shape[0])
        columns = np.linspace(0, width - 1, mask.shape[1])
        for colour, line in (("black", 1.8), ("white", 0.8)):
            ax.contour(columns, rows, mask.astype(float), [0.5], colors=colour, linewidths=line)
    ax.set(xticks=[], yticks=[], xlim=extent[:2], ylim=extent[2:])
    bare(ax, "top", "right", "left", "bottom")
    if title:
        ax.set_title(title, fontsize="small")
    return ax


def cam_grid(rows: Sequence[CamRow]) -> Figure:
    """Draw, for each class, a right and a wrong prediction, each beside its heat map.

    Parameters
    ----------
    rows : sequence of CamRow
        A row a class.

    Returns
    -------
    Figure
        Columns: image and map of the right prediction, image and map of the wrong one. Where
        there is no such prediction, the place says "none".
    """
    pictures = [picture for row in rows for picture in (row.get("right"), row.get("wrong"))]
    shapes = [picture["image"].shape for picture in pictures if picture]
    if not shapes:
        raise ValueError("expected at least one prediction to explain but got none; choose images")
    labels = [row["label"] for row in rows]
    figure, axes = picture_grid(shapes[0], len(rows), 4, titled=True, labels=labels, header=0.2)
    for index, picture in enumerate(pictures):
        row, column = divmod(2 * index, 4)
        left, right = axes[row, column], axes[row, column + 1]
        kind = "right" if column == 0 else "wrong"
        if row == 0:
            place = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": (0, 15)}
            left.annotate(f"{kind} prediction", **place, textcoords="offset points")
        if not picture:
            text = f"no {kind} prediction"
            left.text(0, 0.5, text, transform=left.transAxes, fontsize="small", color=INK)
            continue
        left.imshow(picture["image"])
        cam_overlay(picture["image"], picture["heat"], picture.get("mask"), right)
        _title(left, str(picture.get("title", "")))
    return figure


def mass_strip(
    table: pd.DataFrame, groups: Mapping[str, str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the share of heat inside the lesion, trained model against its control, in pairs.

    Parameters
    ----------
    table : DataFrame
        A row an image and method: ``method``, ``trained`` and ``control`` (shares in [0, 1]) and
        ``lesion_id``.
    groups : mapping of str to str or None, default=None
        Text of a method where it is not its name.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        For each method, a line an image from control to trained, and the two means with the
        intervals of a bootstrap over lesions.
    """
    methods = list(dict.fromkeys(table["method"]))
    ax = axes_or_new(ax, 3.0)
    sides = (("control", -0.22, FAINT, "#6F6F6F"), ("trained", 0.22, "#9DBBD8", "#0B4F84"))
    for index, method in enumerate(methods):
        rows = table[table["method"] == method]
        pairs = rows[["control", "trained"]].to_numpy(dtype=float).T
        ax.plot([index - 0.22, index + 0.22], pairs, color=FAINT, linewidth=0.4, alpha=0.6)
        for side, offset, light, dark in sides:
            ax.plot(np.full(len(rows), index + offset), rows[side], ".", color=light, markersize=4)
            mean = mean_interval(rows[side], rows["lesion_id"])
            x = index + offset * 1.45
            ax.vlines(x, mean.low, mean.high, color=dark, linewidth=2.5)
            label = f"{side}, mean" if index == 0 else None
            ax.plot(x, mean.value, "o", color=dark, markersize=5, label=label)
            beside_point(ax, (x, mean.value), f"{mean.value:.0%}", left=offset < 0, colour=dark)
    ax.set_xticks(range(len(methods)), labels_of(methods, groups))
    ax.set_xlim(-0.6, len(methods) - 0.4)
    ax.tick_params(axis="x", length=0)
    share_axis(ax, "y")
    ax.set_ylim(-0.02, 1.03)
    ax.set_ylabel("share of the map inside the lesion")
    bare(ax)
    legend_above(ax, 2)
    return ax


def _title(ax: Axes, text: str) -> None:
    ax.set_title(text, fontsize="x-small", color=INK, pad=2.5)


def _to_uint8(image: NDArray[Any]) -> Image:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
