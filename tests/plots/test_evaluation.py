"""Plots of an evaluation show what they were given, in the colours of the classes."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
from support.plotted import texts
from support.predictions import make_predictions

from helpers import plots
from helpers.core.classes import CLASSES, COLOURS
from helpers.evaluation import single_scores as ev


def test_confusion_matrix_writes_every_count(predictions: pd.DataFrame) -> None:
    """Both panels show all cells; zeros are dots."""
    table = ev.confusion(predictions)
    left, right = plots.confusion_matrix(table).axes
    expected = [f"{n:,}" if n else "·" for n in table.to_numpy().ravel()]
    assert texts(left) == expected
    assert len(texts(right)) == 49


def test_curves_have_the_colours_of_their_classes(predictions: pd.DataFrame) -> None:
    """A class has one colour in every plot."""
    figure = plots.roc_pr(ev.roc_curves(predictions), ev.pr_curves(predictions))
    for ax in figure.axes:
        assert [line.get_color() for line in ax.lines][:7] == list(COLOURS.values())


def test_absent_class_leaves_a_gap() -> None:
    """Plots of a split without df are drawn without df and without warnings."""
    table = make_predictions(counts=(5, 5, 5, 0, 5, 20, 5))
    rows = ev.per_class(table, n_resamples=20)
    plots.per_class_bars(rows)
    plots.error_flow(ev.error_destinations(table))
    plots.confusion_matrix(ev.confusion(table))
    ax = plots.recall_vs_count(rows, dict.fromkeys(CLASSES, 10))
    assert "df" not in texts(ax)
    assert "mel" in texts(ax)


def test_classes_of_one_count_stand_side_by_side() -> None:
    """Their names and intervals lie on no other, and the axis says more counts than one."""
    recalls = {"recall_low": 0.0, "recall": 0.1, "recall_high": 0.6}
    table = pd.DataFrame([recalls] * 4, index=["df", "vasc", "akiec", "mel"])
    ax = plots.recall_vs_count(table, {"df": 3, "vasc": 3, "akiec": 4, "mel": 8})
    renderer = ax.figure.canvas.get_renderer()
    names = [
        text.get_window_extent(renderer) for text in ax.texts if text.get_text() in table.index
    ]
    assert len(names) == 4
    assert not any(a.overlaps(b) for a, b in combinations(names, 2))
    points = [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert len(set(points)) == 4 and points[0] == 3
    low, high = ax.get_xlim()
    assert sum(low <= tick <= high for tick in ax.get_xticks()) > 1
