"""Lesions to look at first: how many, which, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from helpers.lessons.first_looks import named_criteria, outline_pairs, some_of_each
from helpers.sample import CRITERIA


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    """Three nevi, one without a mask, and a melanoma."""
    rows = []
    for name, dx in (("a", "nv"), ("b", "nv"), ("c", "nv"), ("d", "mel")):
        image, mask = np.full((20, 24, 3), 120, np.uint8), np.zeros((20, 24), np.uint8)
        mask[5:15, 6:18] = 255
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        cv2.imwrite(str(tmp_path / f"{name}_mask.png"), mask)
        masked = "" if name == "a" else str(tmp_path / f"{name}_mask.png")
        rows.append((name, dx, str(tmp_path / f"{name}.png"), masked))
    return pd.DataFrame(rows, columns=["image_id", "dx", "path", "mask_path"])


def test_some_of_each_diagnosis(table: pd.DataFrame) -> None:
    """As many as are asked for or there, in the order of the classes, the same for one seed."""
    chosen = some_of_each(table, 2, 0)
    assert list(chosen) == ["mel", "nv"]
    assert [len(rows) for rows in chosen.values()] == [1, 2]
    again = some_of_each(table, 2, 0)
    assert all(chosen[dx].equals(again[dx]) for dx in chosen)


def test_outlines_stand_beside_their_lesions(table: pd.DataFrame) -> None:
    """Only of lesions with a mask; the copy differs; none where there is no mask."""
    images, titles = outline_pairs(table, ("nv", "mel"), n=2)
    assert titles == ["nv: b", "its outline", "nv: c", "its outline", "mel: d", "its outline"]
    assert len(images) == 6 and (images[0] != images[1]).any()
    assert outline_pairs(table[:1], ("nv",)) == ([], [])


def test_criteria_are_named() -> None:
    """In the order of the rows, each by its name."""
    first, second = list(CRITERIA)[:2]
    drawn = pd.DataFrame({"criteria": [(second,), (first, second)]}, index=["b", "a"])
    rows = pd.DataFrame({"image_id": ["a", "b"], "dx": ["nv", "mel"]}, index=[7, 3])
    named = named_criteria(rows, drawn)
    both = f"{CRITERIA[first].name}, {CRITERIA[second].name}"
    assert named["criteria"].tolist() == [both, CRITERIA[second].name]
    assert named["code"].tolist() == ["nv", "mel"]
