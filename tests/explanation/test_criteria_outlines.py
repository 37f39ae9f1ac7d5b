"""Criteria of a drawn sample: names, pixels, outlines, frequencies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image as PILImage

from helpers.core.errors import DataError
from helpers.explanation.criteria_outlines import (
    criteria_beside,
    criterion_frequencies,
    drawn_criteria,
    outlined,
    read_criterion_mask,
)
from helpers.sample.atlas import CRITERIA


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Recorded criteria of three images, and the mask of one."""
    place = tmp_path / "criteria"
    place.mkdir()
    pd.DataFrame(
        {
            "image_id": ["a", "b", "c"],
            "criteria": ["streaks;blue_white_veil", "pigment_network", ""],
            "skin_type": ["I", "II", "III"],
            "hair": [0, 1, 0],
        }
    ).to_csv(place / "criteria.csv", index=False)
    pixels = np.zeros((30, 40), np.uint8)
    pixels[10:20, 5:25] = 255
    PILImage.fromarray(pixels).save(place / "a_criteria.png")
    return tmp_path


def test_reads_names_and_pixels(folder: Path) -> None:
    """Names come as lists, also an empty one, and pixels as the mask that was written."""
    table = drawn_criteria(folder)
    assert table.loc["a", "criteria"] == ["streaks", "blue_white_veil"]
    assert table.loc["c", "criteria"] == []
    assert read_criterion_mask(table, "a").sum() == 200


def test_real_folder_is_refused(tmp_path: Path) -> None:
    """A folder without recorded criteria is an error that names the way out."""
    with pytest.raises(DataError, match="sample"):
        drawn_criteria(tmp_path)


def test_outline_marks_the_border_and_leaves_the_rest() -> None:
    """Pixels at the border turn white, those far inside and far outside stay."""
    image = np.full((150, 200, 3), 90, np.uint8)
    mask = np.zeros((150, 200), bool)
    mask[50:100, 60:140] = True
    picture = outlined(image, mask)
    assert picture[50, 100].min() > 200
    assert (picture[75, 100] == 90).all() and (picture[20, 20] == 90).all()
    assert (image == 90).all(), "the image itself must not change"


def test_each_picture_is_followed_by_its_criteria(folder: Path) -> None:
    """The copy keeps its colour where the criterion is and loses it elsewhere."""
    path = folder / "a.png"
    PILImage.fromarray(np.full((30, 40, 3), (200, 0, 0), np.uint8)).save(path)
    rows = pd.DataFrame({"image_id": ["a"], "path": [str(path)]})
    image, copy = criteria_beside(rows, drawn_criteria(folder))
    assert tuple(image[15, 15]) == tuple(copy[15, 15]) == (200, 0, 0)
    assert int(copy[2, 35].max()) - int(copy[2, 35].min()) < 60


def test_fading_spares_the_region() -> None:
    """With a fade, colour goes outside the region only."""
    image = np.zeros((150, 200, 3), np.uint8)
    image[..., 0] = 200
    mask = np.zeros((150, 200), bool)
    mask[50:100, 60:140] = True
    picture = outlined(image, mask, fade=1.0).astype(int)
    assert tuple(picture[75, 100]) == (200, 0, 0)
    assert np.ptp(picture[20, 20]) == 0
    with pytest.raises(ValueError, match="fade"):
        outlined(image, mask, fade=1.5)


def test_mask_of_another_size_is_stretched() -> None:
    """A mask of 600x450 fits an image of 200x150, as in the small copy of HAM10000."""
    image = np.full((150, 200, 3), 90, np.uint8)
    mask = np.zeros((450, 600), bool)
    mask[150:300, 180:420] = True
    small = mask[1::3, 1::3]
    assert (outlined(image, mask) == outlined(image, small)).all()


def test_frequencies_count_lesions_where_criteria_belong(folder: Path) -> None:
    """A lesion counts once, and a criterion away from home shows in its own column."""
    catalogue = pd.DataFrame(
        {
            "image_id": ["a", "b", "c"],
            "lesion_id": ["L1", "L2", "L3"],
            "dx": ["mel", "mel", "nv"],
        }
    )
    table = criterion_frequencies(drawn_criteria(folder), catalogue).set_index("criterion")
    assert len(table) == len(CRITERIA)
    assert table.loc["Irregular streaks", "there"] == 0.5
    assert table.loc["Irregular streaks", "elsewhere"] == 0.0
    assert table.loc["Regular pigment network", "there"] == 0.0
    assert table.loc["Regular pigment network", "elsewhere"] == 0.5
    assert np.isnan(table.loc["Lacunae", "there"])
