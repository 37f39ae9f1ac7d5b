"""Ranges of an augmentation are drawn with the shares that each draw fills and keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from helpers.augmentation.settings import Augmentation
from helpers.interactive.augmentation_ranges import (
    CHOSEN,
    N_DRAWS,
    SIZE,
    augmentation_ranges,
    ranges_in_words,
)


@pytest.fixture
def row(tmp_path: Path) -> pd.Series:
    """A white picture whose lesion is a square in the middle."""
    Image.fromarray(np.full((*SIZE, 3), 255, np.uint8)).save(tmp_path / "lesion.png")
    mask = np.zeros(SIZE, np.uint8)
    mask[40:80, 60:100] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return pd.Series({"path": f"{tmp_path}/lesion.png", "mask_path": f"{tmp_path}/mask.png"})


def test_titles_say_what_the_pictures_show(row: pd.Series) -> None:
    """The share that is filled is the black share of the picture; nothing is lost of no change."""
    shift = Augmentation(width_shift_range=0.4, fill_mode="constant")
    figure = augmentation_ranges(row, {"nothing": Augmentation(), "shift": shift})
    titles = [ax.get_title() or ax.get_title("left") for ax in figure.axes]
    assert titles[0] == "nothing" and titles[1 + N_DRAWS] == "shift"
    assert titles[1] == "filled 0%, kept 100%"
    for ax, title in list(zip(figure.axes, titles, strict=True))[2 + N_DRAWS :]:
        black = (ax.images[0].get_array()[:5].max(axis=2) == 0).mean()
        assert abs(black - float(title.split("%")[0].removeprefix("filled ")) / 100) < 0.015


def test_the_printed_picture_has_a_row_a_range(row: pd.Series) -> None:
    """And words that give the smallest and the largest share, or the one that all have."""
    assert len(augmentation_ranges(row).axes) == len(CHOSEN) * (1 + N_DRAWS)
    words = ranges_in_words(row, Augmentation())
    assert ": 0 % of the picture had to be filled, and 100 % of the lesion" in words
    words = ranges_in_words(row, Augmentation(zoom_range=0.6, fill_mode="constant"))
    assert ": 0 to " in words


def test_a_picture_without_a_mask_says_so(row: pd.Series) -> None:
    """Titles then give the filled share alone."""
    row["mask_path"] = ""
    figure = augmentation_ranges(row, {"zoom": Augmentation(zoom_range=0.3)})
    assert "kept" not in "".join(ax.get_title() + ax.get_title("left") for ax in figure.axes)
    assert "no mask" in ranges_in_words(row, Augmentation())
