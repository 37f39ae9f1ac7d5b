"""Pixel values: what is given, what is expected, and what several starts say of the difference."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest

from helpers.lessons.pixel_values import (
    contrast_in_words,
    over_starts,
    preprocess_as,
    value_table,
)
from helpers.statistics.intervals import Estimate


def test_values_of_pixels() -> None:
    """Lowest, mean, highest and spread are those of the array."""
    row = value_table({"mine": np.array([0.0, 1.0, 1.0, 2.0])}).loc["mine"]
    assert row.tolist() == [0, 1, 2, pytest.approx(np.sqrt(0.5))]


@pytest.mark.parametrize("name", ["VGG16", "MobileNet", "EfficientNetLite0", "EfficientNetB0"])
def test_preprocessing_is_the_backbones_own(name: str) -> None:
    """More images than a chunk come out as Keras' own functions, or by the published formula."""
    pixels = np.random.default_rng(0).integers(0, 256, (70, 4, 5, 3), dtype=np.uint8)
    if name == "EfficientNetLite0":
        expected = (pixels.astype(np.float32) - 127) / 128
    else:
        modules = {"VGG16": "vgg16", "MobileNet": "mobilenet", "EfficientNetB0": "efficientnet"}
        module = importlib.import_module(f"keras.applications.{modules[name]}")
        expected = module.preprocess_input(pixels.astype(np.float32))
    np.testing.assert_allclose(preprocess_as(pixels, name), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("given", "expected", "words"),
    [
        (0.2, 51.0, "255 times too small"),
        (51.0, 0.4, "128 times too large"),
        (51.0, 50.0, "about right"),
        (50.0, 51.0, "about right"),
    ],
)
def test_contrast_in_words(given: float, expected: float, words: str) -> None:
    """Too small, too large, or about right, by the ratio of the spreads."""
    assert contrast_in_words(given, expected) == words


def test_starts_are_counted_by_their_whole_interval() -> None:
    """The mean is of the values; an interval that holds zero counts on neither side."""
    gaps = {"raw": [(0.2, 0.1, 0.3), (0.1, -0.1, 0.3)], "unit": [(-0.2, -0.3, -0.1)] * 2}
    table = over_starts(pd.DataFrame({k: [Estimate(*g, 50) for g in v] for k, v in gaps.items()}))
    assert table.loc["raw"].tolist() == [pytest.approx(0.15), 1, 0]
    assert table.loc["unit"].tolist() == [pytest.approx(-0.2), 0, 2]
