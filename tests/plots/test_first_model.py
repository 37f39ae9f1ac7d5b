"""Plots of chapter 3: strips of a file's rows, and histograms of pixel values."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.plots.first_model import file_strips, value_histograms


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_a_row_is_in_one_strip_of_each_cut() -> None:
    """A cut has a strip of training rows and one of validation rows, which share no row."""
    valid = np.array([False, False, True, True])
    ax = file_strips(["mel", "mel", "nv", "bcc"], {"by position": valid})
    everything, train, held = (image.get_array() for image in ax.images)
    assert np.ma.count(everything) == 4
    assert (np.ma.getmaskarray(train)[0] == valid).all()
    assert (np.ma.getmaskarray(held)[0] == ~valid).all()
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["bcc", "mel", "nv"]


def test_a_panel_a_backbone() -> None:
    """Panels have their own scale, which holds both the given and the expected values."""
    given = np.linspace(0, 1, 1000)
    figure = value_histograms(given, {"A": given * 2 - 1, "B": given * 255 - 120})
    for ax, (low, high) in zip(figure.axes, ((-1, 1), (-120, 135)), strict=True):
        assert ax.get_xlim()[0] <= low and ax.get_xlim()[1] >= high
        peaks = [patch.get_data().values.max() for patch in ax.patches]
        assert peaks == [1, 1]
