"""Plots of chapter 3: strips of a file's rows, and histograms of pixel values."""

from __future__ import annotations

import numpy as np

from helpers.plots.first_model import file_strips, value_histograms


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


def test_a_row_a_backbone_and_a_column_for_each_that_was_given() -> None:
    """Panels have their own scale, which holds both the given and the expected values."""
    ramp = np.linspace(0, 1, 1000)
    given = {"raw": ramp * 255, "unit": ramp}
    figure = value_histograms(given, {"A": ramp * 2 - 1, "B": ramp * 255 - 120})
    ends = ((-1, 255), (-1, 1), (-120, 255), (-120, 135))
    for ax, (low, high) in zip(figure.axes, ends, strict=True):
        assert ax.get_xlim()[0] <= low and ax.get_xlim()[1] >= high
        assert ax.get_xlim()[1] - ax.get_xlim()[0] < 1.2 * (high - low)
        peaks = [patch.get_data().values.max() for patch in ax.patches]
        assert peaks == [1, 1]
    assert figure.axes[1].get_title() == "unit, to A"
