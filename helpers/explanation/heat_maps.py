"""What a chapter shows of heat maps: rows of examples, methods side by side, shares of mass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from helpers.core import CLASSES
from helpers.dataset import read_mask, resize_mask
from helpers.explanation.masks import FULL_FRAME
from helpers.plots import CamRow, cam_overlay, picture_grid
from helpers.statistics import Estimate, mean_interval


def outline_mask(mask_path: str, size: tuple[int, int]) -> NDArray[np.bool_] | None:
    """The lesion mask of an image at a size, to outline it.

    Parameters
    ----------
    mask_path : str
        Locator as in the catalogue; "" where there is none.
    size : tuple of int
        (height, width) in pixels.

    Returns
    -------
    ndarray of bool of shape (height, width), or None
        None without a mask, or with one that is empty or of the full frame.
    """
    if not mask_path:
        return None
    mask = resize_mask(read_mask(mask_path), size)
    return mask if 0 < mask.mean() <= FULL_FRAME else None


def example_rows(
    examples: pd.DataFrame,
    images: NDArray[np.uint8],
    maps: NDArray[np.float32],
    masks: Sequence[NDArray[np.bool_] | None],
) -> list[CamRow]:
    """Rows for `helpers.plots.cam_grid`, one a class that has an example.

    Parameters
    ----------
    examples : DataFrame of length n_images
        As of `helpers.explanation.gradcam.pick_examples`.
    images : ndarray of shape (n_images, height, width, 3), uint8
        Their pictures.
    maps : ndarray of shape (n_images, height, width)
        Their heat maps in [0, 1].
    masks : sequence of ndarray of bool or None, length n_images
        Their lesions.

    Returns
    -------
    list of CamRow
        In the order of ``CLASSES``; a picture is titled with what was predicted.
    """
    rows: dict[str, CamRow] = {dx: {"label": dx} for dx in CLASSES}
    for index, example in enumerate(examples.to_dict("records")):
        picture = {
            "image": images[index],
            "heat": maps[index],
            "mask": masks[index],
            "title": f"{example['predicted']}, {example['probability']:.0%}",
        }
        if example["verdict"] == "right":
            rows[str(example["dx"])]["right"] = picture
        else:
            rows[str(example["dx"])]["wrong"] = picture
    return [row for row in rows.values() if "right" in row or "wrong" in row]


def method_grid(
    images: NDArray[np.uint8],
    maps: Mapping[str, NDArray[np.float32]],
    masks: Sequence[NDArray[np.bool_] | None],
    labels: Sequence[str],
) -> Figure:
    """Draw images by row: the picture, then its map by each method.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width, 3), uint8
        The pictures.
    maps : mapping of str to ndarray of shape (n_images, height, width)
        Heat maps in [0, 1] by the method's name.
    masks : sequence of ndarray of bool or None, length n_images
        Lesions, outlined in the maps.
    labels : sequence of str, length n_images
        Text beside each row.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the numbers of images, masks, labels or maps differ.
    """
    counts = {len(images), len(masks), len(labels), *(len(heat) for heat in maps.values())}
    if len(counts) != 1:
        raise ValueError(f"expected as many images, masks, labels and maps, got {sorted(counts)}")
    figure, axes = picture_grid(
        images[0].shape, len(images), len(maps) + 1, labels=labels, header=0.2
    )
    for row, image in enumerate(images):
        axes[row, 0].imshow(image)
        for ax, heat in zip(axes[row, 1:], maps.values(), strict=True):
            cam_overlay(image, heat[row], masks[row], ax)
    for ax, name in zip(axes[0], ["picture", *maps], strict=True):
        ax.set_title(name, fontsize="small", loc="left", pad=3)
    return figure


def mass_summary(table: pd.DataFrame, prefix: str = "") -> pd.DataFrame:
    """Mean share of the maps inside the masks by method, with intervals over lesions.

    Parameters
    ----------
    table : DataFrame
        As of `helpers.explanation.gradcam.measure_maps`; of one method or several.
    prefix : {"", "criterion_"}, default=""
        Inside the lesion, or inside the criterion.

    Returns
    -------
    DataFrame
        A row a method: ``method``, ``images`` (those that have a map from the model and from
        its controls), ``without`` (those that have not), and the `Estimate` ``trained``,
        ``control``, ``difference`` (trained minus control, paired), ``area`` and ``over_area``
        (trained minus area, paired).
    """
    rows: list[dict[str, Any]] = []
    for method, part in table.groupby("method", sort=False):
        known = part.dropna(subset=[f"{prefix}trained", f"{prefix}control"])
        trained, control = known[f"{prefix}trained"], known[f"{prefix}control"]
        area = known[f"{prefix}area"]
        columns = {
            "trained": trained,
            "control": control,
            "difference": trained - control,
            "area": area,
            "over_area": trained - area,
        }
        row: dict[str, Any] = {
            "method": method,
            "images": len(known),
            "without": len(part) - len(known),
        }
        lesions = known["lesion_id"]
        rows.append(row | {name: _mean(values, lesions) for name, values in columns.items()})
    return pd.DataFrame(rows)


def _mean(values: pd.Series, lesions: pd.Series) -> Estimate:
    return mean_interval(values, lesions) if len(values) else Estimate(nan, nan, nan, 0)


def map_likeness(maps: Mapping[str, NDArray[np.float32]]) -> dict[tuple[str, str], float]:
    """Mean correlation of two methods' maps of the same picture, for each pair of methods.

    Parameters
    ----------
    maps : mapping of str to ndarray of shape (n_images, height, width)
        Heat maps by the method's name.

    Returns
    -------
    dict of (str, str) to float
        In [-1, 1]; a picture with a map of one value throughout is left out, NaN where all are.
    """
    flat = {name: heat.reshape(len(heat), -1).astype(float) for name, heat in maps.items()}
    likeness = {}
    for first, second in combinations(flat, 2):
        pairs = zip(flat[first], flat[second], strict=True)
        values = [np.corrcoef(a, b)[0, 1] for a, b in pairs if a.std() > 0 and b.std() > 0]
        likeness[first, second] = float(np.mean(values)) if values else nan
    return likeness
