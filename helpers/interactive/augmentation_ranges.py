"""The ranges of an augmentation: what they do to a picture, and to its lesion's share in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from helpers.augmentation import Augmentation, apply_transform, draw_transform
from helpers.dataset import read_image, resize_image
from helpers.explanation import outline_mask, outlined
from helpers.interactive.someone import can_show_controls
from helpers.interactive.touch import touch
from helpers.lessons import frame_and_lesion
from helpers.notebook import Run
from helpers.plots import contact_sheet

SIZE = (120, 160)
"""Height and width of a picture in pixels, as it is drawn here."""
N_DRAWS = 4
"""Pictures drawn from the ranges, in a row beside the original."""
CHOSEN: Mapping[str, Augmentation] = {
    "rotation 90°": Augmentation(rotation_range=90, fill_mode="constant"),
    "shift 0.1": Augmentation(width_shift_range=0.1, height_shift_range=0.1, fill_mode="constant"),
    "shift 0.4": Augmentation(width_shift_range=0.4, height_shift_range=0.4, fill_mode="constant"),
    "zoom 0.6": Augmentation(zoom_range=0.6, fill_mode="constant"),
}
"""The ranges of the printed picture; what is filled is black, so that it is seen."""


def augmentation_ranges(
    row: pd.Series, settings: Mapping[str, Augmentation] = CHOSEN, seed: int = 0
) -> Figure:
    """Draw a picture under some ranges, with what each draw fills and keeps.

    Parameters
    ----------
    row : Series
        Of a catalogue: ``path`` and ``mask_path`` ("" where there is none).
    settings : mapping of str to Augmentation
        A row each, by the name that is written over its original.
    seed : int, default=0
        Of the draws; rows draw from the same random numbers, scaled by their ranges.

    Returns
    -------
    Figure
        In each row the original and four draws, the lesion outlined. A title gives the share of
        the picture that had to be filled, and of the lesion that is still in it.
    """
    image, lesion = _read(str(row["path"]), str(row["mask_path"]))
    start = image if lesion is None else outlined(image, lesion)
    images, titles = [], []
    for name, augmentation in settings.items():
        images.append(start)
        titles.append(name)
        for transform, filled, kept in _draws(augmentation, lesion, seed):
            images.append(apply_transform(start, transform, augmentation.fill_mode))
            seen = "" if np.isnan(kept) else f", kept {kept:.0%}"
            titles.append(f"filled {filled:.0%}{seen}")
    return contact_sheet(images, titles, n_columns=1 + N_DRAWS)


def ranges_in_words(row: pd.Series, augmentation: Augmentation, seed: int = 0) -> str:
    """What the draws of `augmentation_ranges` fill and keep, as a sentence."""
    lesion = _read(str(row["path"]), str(row["mask_path"]))[1]
    drawn = _draws(augmentation, lesion, seed)
    filled = [100 * draw[1] for draw in drawn]
    kept = [100 * draw[2] for draw in drawn]
    text = f"One lesion and {N_DRAWS} draws of it: {_span(filled)} of the picture had to be filled"
    if lesion is None:
        return f"{text}; it has no mask, so what is left of the lesion is not known."
    return f"{text}, and {_span(kept)} of the lesion is still in the frame."


def _span(percent: list[float]) -> str:
    """Lowest to highest, or the one value that all round to."""
    low, high = f"{min(percent):.0f}", f"{max(percent):.0f}"
    return f"{low} %" if low == high else f"{low} to {high} %"


def touch_augmentation(run: Run, row: pd.Series) -> None:
    """Let the student set ranges and see a picture under them; nothing in a batch run.

    Parameters
    ----------
    run : Run
        The chapter's.
    row : Series
        Of a catalogue: ``path`` and ``mask_path``.
    """
    if not can_show_controls():
        return
    import ipywidgets as widgets

    controls = {
        "rotation": widgets.IntSlider(20, 0, 180, 5, description="Rotation, degrees"),
        "shift": widgets.FloatSlider(
            value=0.1, min=0, max=0.5, step=0.05, description="Shift, of a side"
        ),
        "zoom": widgets.FloatSlider(
            value=0.1, min=0, max=0.8, step=0.05, description="Zoom, about 1"
        ),
        "shear": widgets.IntSlider(0, 0, 45, 5, description="Shear, degrees"),
        "flips": widgets.Checkbox(False, description="Flip both ways"),
        "fill": widgets.Dropdown(
            options=["constant", "nearest", "reflect", "wrap"], description="Fill"
        ),
        "draw": widgets.IntSlider(0, 0, 9, description="Another draw"),
    }
    touch(
        run,
        controls,
        lambda draw, **ranges: augmentation_ranges(row, {"original": _made(**ranges)}, draw),
        lambda draw, **ranges: ranges_in_words(row, _made(**ranges), draw),
    )


def _made(
    rotation: int, shift: float, zoom: float, shear: int, flips: bool, fill: str
) -> Augmentation:
    values: dict[str, Any] = {"fill_mode": fill}
    return Augmentation(
        rotation_range=rotation,
        width_shift_range=shift,
        height_shift_range=shift,
        zoom_range=zoom,
        shear_range=shear,
        horizontal_flip=flips,
        vertical_flip=flips,
        **values,
    )


@lru_cache(maxsize=4)
def _read(path: str, mask_path: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    return resize_image(read_image(path), SIZE), outline_mask(mask_path, SIZE)


def _draws(
    augmentation: Augmentation, lesion: NDArray[np.bool_] | None, seed: int
) -> list[tuple[Any, float, float]]:
    """Transformations, each with the shares that it fills and keeps."""
    drawn = []
    for number in range(N_DRAWS):
        transform = draw_transform(augmentation, SIZE, np.random.default_rng([seed, number]))
        drawn.append((transform, *frame_and_lesion(transform, SIZE, lesion)))
    return drawn
