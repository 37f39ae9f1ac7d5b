"""The browser app's balancing, and three ways to choose its validation images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.core.errors import DataError
from helpers.dataset.splits import leakage
from helpers.reproduction.browser_app import (
    FILES_PER_BATCH,
    balance_table,
    files_after_balancing,
    single_image_split,
    ways_to_validate,
)

TRAINING = {"akiec": 294, "bcc": 463, "bkl": 989, "df": 104, "mel": 1002, "nv": 6034, "vasc": 128}
FILES = {
    "akiec": 5930,
    "bcc": 5606,
    "bkl": 5984,
    "df": 4210,
    "mel": 5810,
    "nv": 6034,
    "vasc": 5170,
}
"""Counted from the author's code."""


def test_files_are_those_of_the_apps_code() -> None:
    """Class by class, and 38,744 in all, of which an epoch sees 23 %."""
    table = balance_table(pd.Series(TRAINING))
    assert table["files"].to_dict() == FILES
    assert table["files"].sum() == 38_744
    assert 9020 / table["files"].sum() == pytest.approx(0.23, abs=0.005)
    assert table["share"].sum() == pytest.approx(1)
    assert table.loc["nv", "copies"] == 1


@pytest.mark.parametrize("n", [1, 50, 51, 104, 2000, 5999, 6000, 7000])
def test_files_are_those_of_a_generator_that_goes_round(n: int) -> None:
    """Batch by batch, as a generator of Keras gives them."""
    files, left, batches = n, n, max(0, -(-(6000 - n) // FILES_PER_BATCH))
    for _ in range(batches):
        batch = min(FILES_PER_BATCH, left)
        files, left = files + batch, left - batch or n
    assert files_after_balancing(n) == files


def lesions(sizes: dict[str, list[int]]) -> pd.DataFrame:
    """A catalogue of lesions with so many images each."""
    rows = [
        (f"{dx}{number}", dx)
        for dx, counts in sizes.items()
        for number, count in enumerate(counts)
        for _ in range(count)
    ]
    table = pd.DataFrame(rows, columns=["lesion_id", "dx"])
    return table.assign(image_id=[f"ISIC_{row:05}" for row in table.index])


def test_the_ancestors_mend_validates_on_lone_images() -> None:
    """No image that validates has a sibling, every class is there, and a seed draws the same."""
    catalogue = lesions({"nv": [1] * 50 + [3] * 20, "mel": [1] * 10 + [2] * 10})
    split = single_image_split(catalogue, 0.2, seed=3)
    valid = split[split["split"] == "valid"]
    assert valid["dx"].value_counts().to_dict() == {"nv": 10, "mel": 2}
    sizes = catalogue["lesion_id"].value_counts()
    assert (sizes[valid["lesion_id"]] == 1).all()
    pd.testing.assert_frame_equal(split, single_image_split(catalogue, 0.2, seed=3))
    assert not split.equals(single_image_split(catalogue, 0.2, seed=4))
    with pytest.raises(DataError, match="single image"):
        single_image_split(lesions({"nv": [2, 3]}), 0.2)


def test_only_by_image_leaks(tiny_catalogue: pd.DataFrame) -> None:
    """Of the three ways, whose validation splits are of about one size."""
    ways = ways_to_validate(tiny_catalogue, (0.8, 0.2, 0.0), seed=0)
    shares = {way: leakage(table, "valid").loc["all", "share"] for way, table in ways.items()}
    assert shares["by image"] > 0
    assert shares["lesions with one image"] == shares["by lesion"] == 0
    sizes = [(table["split"] == "valid").sum() for table in ways.values()]
    assert np.ptp(sizes) <= 0.1 * len(tiny_catalogue)


@pytest.mark.real
def test_real_leak_of_the_apps_tenth(real_catalogue: pd.DataFrame) -> None:
    """Four in ten, as the table of published facts has it."""
    ways = ways_to_validate(real_catalogue, (0.9, 0.1, 0.0), seed=101)
    leaked = leakage(ways["by image"], "valid").loc["all", "share"]
    assert leaked == pytest.approx(0.42, abs=0.03)
    assert (ways["by image"]["split"] == "train").sum() == 9013
