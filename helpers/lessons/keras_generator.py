"""What Keras' own ``ImageDataGenerator`` does otherwise than this book, seen by running it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.augmentation import Transform, apply_transform, colour_matrix
from helpers.models import import_keras

SIZE = (21, 31)
"""(height, width) of the pictures here: odd, so that there is a middle pixel, and oblong."""

SHIFT = 3.0
"""Pixels."""


def direction(rows: int, columns: int) -> str:
    """A move of so many pixels in words.

    Parameters
    ----------
    rows, columns : int
        Downwards and to the right.

    Examples
    --------
    >>> direction(-3, 0), direction(0, 0), direction(1, 2)
    ('3 px up', 'not at all', '1 px down and 2 px right')
    """
    parts = []
    if rows:
        parts.append(f"{abs(rows)} px {'down' if rows > 0 else 'up'}")
    if columns:
        parts.append(f"{abs(columns)} px {'right' if columns > 0 else 'left'}")
    return " and ".join(parts) or "not at all"


def _dot() -> NDArray[np.uint8]:
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[SIZE[0] // 2, SIZE[1] // 2] = 255
    return picture


def _moved(picture: NDArray[Any]) -> str:
    """Where the middle pixel of `_dot` has gone."""
    row, column = np.unravel_index(picture[..., 0].argmax(), SIZE)
    return direction(int(row) - SIZE[0] // 2, int(column) - SIZE[1] // 2)


def _edge(values: NDArray[Any]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)


def _generator(**settings: Any) -> Any:
    import_keras()
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(**settings)


def _shift_drawn(name: str) -> str:
    """Under which parameter the generator hands on the draw of a range."""
    drawn = _generator(**{name: 0.4}).get_random_transform((*SIZE, 3), seed=0)
    return next(key for key in ("tx", "ty") if drawn[key])


def generator_table() -> pd.DataFrame:
    """Keras' generator beside this book's augmentation, on pictures of a few pixels.

    Returns
    -------
    DataFrame of str
        Columns ``what``, ``Keras' generator`` and ``this book``: where shifts and the centre
        of an oblong picture go, what lies behind the edge, and what brightness does to values in
        0..1. Each value is what came out when both were run, in the Keras that is installed.
    """
    dot, keras_dot = _dot(), _dot().astype(np.float32)
    plain = _generator()
    rows = []
    for name, own in (
        ("width_shift_range", Transform(shift_columns=SHIFT)),
        ("height_shift_range", Transform(shift_rows=SHIFT)),
    ):
        theirs = plain.apply_transform(keras_dot, {_shift_drawn(name): SHIFT})
        what = f"a positive draw of {name} moves the picture"
        rows.append((what, _moved(theirs), _moved(apply_transform(dot, own))))
    theirs = plain.apply_transform(keras_dot, {"theta": 90.0})
    what = f"a quarter turn of {SIZE[0]} x {SIZE[1]} pixels moves its centre"
    rows.append((what, _moved(theirs), _moved(apply_transform(dot, Transform(theta=90)))))
    falling = np.arange(10 * SIZE[1], 0, -10).clip(max=255).astype(np.uint8)
    ramp = np.broadcast_to(falling[:, None], (*SIZE, 3)).copy()
    for fill in ("constant", "wrap"):
        generator = _generator(fill_mode=fill)
        theirs = generator.apply_transform(ramp.astype(np.float32), {"tx": 1.5})  # of columns
        own_edge = apply_transform(ramp, Transform(shift_columns=1.5), fill)[0, -3:, 0]
        what = f"the last three values of a ramp that was moved by 1.5 px, fill {fill}"
        rows.append((what, _edge(theirs[0, -3:, 0]), _edge(own_edge)))
    grey = np.full((*SIZE, 3), 0.5, np.float32)
    theirs = _generator(brightness_range=(0.8, 1.2)).apply_transform(grey, {"brightness": 1.2})
    half = np.full((*SIZE, 3), 128, np.uint8)
    ours = apply_transform(half, Transform(colours=colour_matrix(1.2))).mean() / 255
    what = "brightness of 1.2 on a grey of one half, as a share of white"
    rows.append((f"{what}, values in 0..1", f"{theirs.mean():.2f}", f"{ours:.2f}"))
    grey *= 255
    theirs = _generator(brightness_range=(0.8, 1.2)).apply_transform(grey, {"brightness": 1.2})
    rows.append((f"{what}, values in 0..255", f"{theirs.mean() / 255:.2f}", rows[-1][2]))
    return pd.DataFrame(rows, columns=["what", "Keras' generator", "this book"])
