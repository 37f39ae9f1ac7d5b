"""Pairs of alike pictures: what is counted, and which are looked at."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from helpers.lessons.duplicate_pairs import pair_counts, pair_images, pairs_to_show


@pytest.fixture
def catalogue(tmp_path: Path) -> pd.DataFrame:
    """Four images, the last of which is in another split."""
    paths = [str(tmp_path / f"{name}.png") for name in "abcd"]
    for grey, path in enumerate(paths):
        cv2.imwrite(path, np.full((4, 6, 3), grey, np.uint8))
    split = ["train", "train", "train", "test"]
    return pd.DataFrame({"image_id": list("abcd"), "split": split, "path": paths})


PAIRS = pd.DataFrame(
    {
        "image_id_a": ["a", "a", "b"],
        "image_id_b": ["b", "c", "d"],
        "same_lesion": [False, True, False],
        "similarity": [0.2, 0.99, 0.9],
    }
)


def test_pairs_are_counted(catalogue: pd.DataFrame) -> None:
    """All; the same picture; of these, across two splits; and of each those of two lesions."""
    table = pair_counts(PAIRS, catalogue)
    assert table["pairs"].tolist() == [3, 2, 1]
    assert table["of two lesions by id"].tolist() == [2, 1, 1]
    assert pair_counts(PAIRS[:0], catalogue)["pairs"].tolist() == [0, 0, 0]


def test_strangers_come_first(catalogue: pd.DataFrame) -> None:
    """Pairs under two ids are shown alone; where there is none, the most similar ones."""
    assert pairs_to_show(PAIRS)["image_id_b"].tolist() == ["d"]
    assert pairs_to_show(PAIRS[:2], 1)["image_id_b"].tolist() == ["c"]
    images, ids = pair_images(pairs_to_show(PAIRS[:2]), catalogue)
    assert ids == ["a", "c", "a", "b"]
    assert [int(image.max()) for image in images] == [0, 2, 0, 1]
