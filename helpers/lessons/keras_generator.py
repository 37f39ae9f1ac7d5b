"""What Keras' own ``ImageDataGenerator`` does otherwise than this book, seen by running it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.augmentation import BORDERS, Transform, apply_transform, colour_matrix
from helpers.models import import_keras

SQUARE, OBLONG = (21, 21), (21, 31)
"""(height, width) of the pictures here: odd, so that there is a middle pixel."""

SHIFT = 3.0
"""Pixels."""

ARM = 8
"""Pixels from the middle to a dot that is turned, sheared and zoomed."""

WHY_UNLIKE = {
    "turn, shear and zoom": "Turn, shear and zoom mean something else in the Keras of this run.",
    "shift": "Keras hands the draw for the height to the map's x, and that for the width to its y, "
    "so that `height_shift_range` moves pictures sideways.",
    "centre": "It exchanges height and width where it looks for the centre, and so turns an "
    "oblong picture about a point beside its middle.",
    "edge": "Behind the edge two libraries sample, SciPy there and OpenCV here. When black fills, "
    "OpenCV lets the last pixel fade and SciPy cuts it off; when the picture repeats, SciPy takes "
    "its first and its last pixel for one.",
    "brightness": "Brightness goes through a picture of whole numbers from 0 to 255, so that one "
    "that was scaled to 0..1 before comes out **black**, without a word.",
}
"""What is behind a row that differs, by the subject of the row."""

Row = tuple[str, str, str, str]
"""Subject, what, Keras' generator, this book."""


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


def generator_table() -> pd.DataFrame:
    """Keras' generator beside this book's augmentation, on pictures of a few pixels.

    Returns
    -------
    DataFrame of str
        Columns ``subject``, a key of `WHY_UNLIKE`, ``what``, ``Keras' generator`` and ``this
        book``: where each change moves a dot, what lies behind the edge under each fill, and
        what brightness does to values in 0..1. Each is what came out when both were run, in the
        Keras that is installed.
    """
    rows = [*_changes(), *_shifts(), _centre(), *_edges(), *_brightness()]
    return pd.DataFrame(rows, columns=["subject", "what", "Keras' generator", "this book"])


def _generator(**settings: Any) -> Any:
    import_keras()
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator(**settings)


def _moves(
    size: tuple[int, int], start: tuple[int, int], theirs: dict[str, float], ours: Transform
) -> tuple[str, str]:
    """Where a dot goes that starts so many rows and columns from the middle, in both programs."""
    row, column = size[0] // 2 + start[0], size[1] // 2 + start[1]
    picture = np.zeros((*size, 3), np.uint8)
    picture[row, column] = 255
    moved = (
        _generator().apply_transform(picture.astype(np.float32), theirs),
        apply_transform(picture, ours),
    )
    places = [np.unravel_index(each[..., 0].argmax(), size) for each in moved]
    first, second = (direction(int(r) - row, int(c) - column) for r, c in places)
    return first, second


def _changes() -> list[Row]:
    subject, right, below = "turn, shear and zoom", (0, ARM), (ARM, 0)
    turned = _moves(SQUARE, right, {"theta": 90.0}, Transform(theta=90))
    sheared = _moves(SQUARE, below, {"shear": 30.0}, Transform(shear=30))
    zoomed = _moves(SQUARE, right, {"zx": 2.0}, Transform(zoom_columns=2))
    return [
        (subject, f"a turn of 90 degrees moves a dot {ARM} px right of the middle", *turned),
        (subject, f"a shear of 30 degrees moves a dot {ARM} px below it", *sheared),
        (subject, f"a zoom of the width by 2 moves a dot {ARM} px right of it", *zoomed),
    ]


def _shifts() -> list[Row]:
    rows = []
    for name, ours in (
        ("width_shift_range", Transform(shift_columns=SHIFT)),
        ("height_shift_range", Transform(shift_rows=SHIFT)),
    ):
        drawn = _generator(**{name: 0.4}).get_random_transform((*SQUARE, 3), seed=0)
        handed_to = next(key for key in ("tx", "ty") if drawn[key])
        moves = _moves(SQUARE, (0, 0), {handed_to: SHIFT}, ours)
        rows.append(("shift", f"a draw of +{SHIFT:g} px for {name} moves the picture", *moves))
    return rows


def _centre() -> Row:
    moves = _moves(OBLONG, (0, 0), {"theta": 90.0}, Transform(theta=90))
    what = f"the same turn of {OBLONG[0]} x {OBLONG[1]} pixels moves their middle"
    return "centre", what, *moves


def _edges() -> list[Row]:
    ramp = np.arange(10, 10 * SQUARE[1] + 1, 10, dtype=np.uint8)
    picture = np.broadcast_to(ramp[:, None], (*SQUARE, 3)).copy()
    rows = []
    for fill in BORDERS:
        theirs = _generator(fill_mode=fill).apply_transform(picture.astype(np.float32), {"tx": 1.5})
        ours = apply_transform(picture, Transform(shift_columns=1.5), fill)
        what = f"the last values of a ramp 10, 20, ... {ramp[-1]} moved left by 1.5 px, fill {fill}"
        rows.append(("edge", what, _last_values(theirs), _last_values(ours)))
    return rows


def _last_values(picture: NDArray[Any]) -> str:
    return ", ".join(f"{value:.0f}" for value in picture[0, -3:, 0])


def _brightness() -> list[Row]:
    half = np.full((*SQUARE, 3), 128, np.uint8)
    ours = apply_transform(half, Transform(colours=colour_matrix(brightness=1.2))).mean() / 255
    generator, rows = _generator(brightness_range=(0.8, 1.2)), []
    for white in (255.0, 1.0):
        grey = half.astype(np.float32) / 255 * white
        theirs = generator.apply_transform(grey, {"brightness": 1.2}).mean() / white
        what = f"a brightness of 1.2 makes of a half grey, values in 0..{white:g}"
        rows.append(("brightness", what, f"{theirs:.0%}", f"{ours:.0%}"))
    return rows
