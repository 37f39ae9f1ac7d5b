"""How far an augmentation moves a picture, parameter by parameter, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.augmentation import Augmentation, Transform, affine_matrix


def corner_moves(augmentation: Augmentation, size: tuple[int, int]) -> dict[str, float]:
    """The farthest that a corner moves under each parameter alone at the end of its range.

    Parameters
    ----------
    augmentation : Augmentation
        The ranges. Flips and crops are no small moves and are left out.
    size : tuple of int
        (height, width) in pixels.

    Returns
    -------
    dict of str to float
        Pixels by parameter, 0 where the range is nil: ``rotation_range``,
        ``width_shift_range``, ``height_shift_range``, ``shear_range`` and ``zoom_range``.
    """
    height, width = size
    zoom = augmentation.zoom_range
    ends = {
        "rotation_range": Transform(theta=augmentation.rotation_range),
        "width_shift_range": Transform(shift_columns=augmentation.width_shift_range * width),
        "height_shift_range": Transform(shift_rows=augmentation.height_shift_range * height),
        "shear_range": Transform(shear=augmentation.shear_range),
        "zoom_range": Transform(zoom_rows=1 + zoom, zoom_columns=1 + zoom),
    }
    corners = np.array([(column, row, 1.0) for column in (0, width - 1) for row in (0, height - 1)])
    moves = {}
    for name, transform in ends.items():
        moved = corners @ affine_matrix(transform, size).T
        moves[name] = float(np.linalg.norm((moved - corners)[:, :2], axis=1).max())
    return moves


def corner_table(
    augmentations: dict[str, Augmentation], sizes: Sequence[tuple[int, int]]
) -> pd.DataFrame:
    """`corner_moves` of several augmentations, all at each size.

    Parameters
    ----------
    augmentations : dict of str to Augmentation
        By what they are called.
    sizes : sequence of tuple of int
        (height, width) in pixels.

    Returns
    -------
    DataFrame
        Indexed by parameter; a column of pixels for each augmentation and size, named as
        ``"Trial 1, 224 x 224"``.
    """
    return pd.DataFrame(
        {
            f"{name}, {size[0]} x {size[1]}": corner_moves(augmentation, size)
            for size in dict.fromkeys(sizes)
            for name, augmentation in augmentations.items()
        }
    ).rename_axis("parameter")
