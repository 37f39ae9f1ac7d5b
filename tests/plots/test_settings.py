"""Plots of settings: a row or a mark each, with the numbers that they are given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.plots.settings import recall_rows, threshold_rows


def test_a_row_is_a_matrix_and_a_thousand_squares() -> None:
    """Shaded by the share of the row, however many images it has."""
    kinds = ["benign", "malignant"]
    matrix = pd.DataFrame([[900, 100], [1, 9]], kinds, kinds)
    counts = {"found": 18, "missed": 2, "alarms": 98, "spared": 882}
    figure = threshold_rows([("threshold 0.50", matrix, counts), ("again", matrix, counts)])
    assert [ax.get_title() for ax in figure.axes[::2]] == ["threshold 0.50", "again"]
    left, right = figure.axes[:2]
    assert [text.get_text() for text in left.texts] == ["900", "100", "1", "9"]
    np.testing.assert_allclose(left.collections[0].get_array().ravel(), [0.9, 0.1, 0.1, 0.9])
    assert sum(len(line.get_xdata()) for line in right.lines) == 1000


def test_squares_of_a_thousand_keep_apart() -> None:
    """In the width that a row leaves them, they are smaller than their distance."""
    kinds = ["benign", "malignant"]
    counts = {"found": 20, "missed": 0, "alarms": 0, "spared": 980}
    figure = threshold_rows([("0.5", pd.DataFrame(1, kinds, kinds), counts)])
    figure.canvas.draw()
    right = figure.axes[1]
    (x0, y0), (x1, y1) = right.transData.transform([(0, 0), (1, 1)])
    side = right.lines[0].get_markersize() * figure.dpi / 72
    assert side < abs(x1 - x0) and side < abs(y1 - y0)


def test_each_setting_is_a_mark_in_every_class() -> None:
    """A class without images has none; the class that is favoured is bold."""
    recalls = {
        "weight 1": pd.Series({"mel": 0.2, "nv": 0.9, "df": np.nan}),
        "weight 4": pd.Series({"mel": 0.8, "nv": 0.5, "df": np.nan}),
    }
    ax = recall_rows(recalls, "mel").axes[0]
    np.testing.assert_array_equal([line.get_ydata() for line in ax.lines], list(recalls.values()))
    assert len({line.get_marker() for line in ax.lines}) == 2
    weights = [tick.get_fontweight() for tick in ax.get_xticklabels()]
    assert weights == ["bold", "normal", "normal"]
