"""Rows of examples, methods side by side, and summaries of mass."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from helpers.explanation.heat_maps import (
    example_rows,
    map_likeness,
    mass_summary,
    method_grid,
    outline_mask,
)


def test_example_rows_follow_the_classes() -> None:
    """One row a class that has an example, in the order of the classes, with its titles."""
    examples = pd.DataFrame(
        {
            "dx": ["nv", "mel", "mel"],
            "verdict": ["wrong", "right", "wrong"],
            "predicted": ["mel", "mel", "bkl"],
            "probability": [0.5, 0.987, 0.4],
        }
    )
    images = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1) * np.ones((3, 4, 6, 3), np.uint8)
    rows = example_rows(examples, images, np.zeros((3, 4, 6), np.float32), [None] * 3)
    assert [row["label"] for row in rows] == ["mel", "nv"]
    assert rows[0]["right"]["title"] == "mel, 99%"
    assert rows[0]["wrong"]["image"][0, 0, 0] == 2
    assert "right" not in rows[1]


def test_method_grid_draws_a_column_a_method() -> None:
    """A picture and a map of each method in each row; numbers that differ are refused."""
    images = np.zeros((2, 4, 6, 3), np.uint8)
    maps = {name: np.zeros((2, 4, 6), np.float32) for name in ("A", "B")}
    figure = method_grid(images, maps, [None, np.eye(4, 6, dtype=bool)], ["x", "y"])
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[:3] == ["picture", "A", "B"]
    assert len(figure.axes) == 6
    plt.close(figure)
    with pytest.raises(ValueError, match=r"as many.*\[1, 2\]"):
        method_grid(images, maps, [None], ["x", "y"])


def test_no_mask_is_no_outline() -> None:
    """An image without a mask has nothing to draw."""
    assert outline_mask("", (4, 6)) is None


def _table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "method": ["A"] * 4 + ["B"],
            "lesion_id": ["1", "1", "2", "3", "1"],
            "trained": [0.5, 0.6, 0.7, np.nan, np.nan],
            "control": [0.4, 0.5, 0.6, 0.9, 0.5],
            "area": [0.3, 0.3, 0.4, 0.9, 0.3],
        }
    )


def test_differences_are_paired_over_images_that_have_maps() -> None:
    """A constant advantage has an interval of no width; images without a map are counted."""
    summary = mass_summary(_table()).set_index("method")
    first = summary.loc["A"]
    assert (first["images"], first["without"]) == (3, 1)
    assert first["trained"].value == pytest.approx(0.6)
    assert first["trained"].n_groups == 2
    for end in ("value", "low", "high"):
        assert getattr(first["difference"], end) == pytest.approx(0.1)
    assert first["over_area"].value == pytest.approx(0.8 / 3)


def test_a_method_without_any_map_has_no_mean() -> None:
    """NaN and n = 0 where no image is left, and no error."""
    last = mass_summary(_table()).set_index("method").loc["B"]
    assert (last["images"], last["without"]) == (0, 1)
    assert np.isnan(last["difference"].value)


def test_likeness_is_the_mean_correlation() -> None:
    """A map, its scaled copy and its opposite correlate with 1 and -1; flat maps are left out."""
    heat = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    heat[0] = 0.5
    likeness = map_likeness({"a": heat, "b": heat / 2, "c": 1 - heat, "flat": heat * 0})
    assert likeness["a", "b"] == pytest.approx(1)
    assert likeness["b", "c"] == pytest.approx(-1)
    assert np.isnan(likeness["a", "flat"])
