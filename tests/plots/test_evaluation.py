"""Plots of an evaluation show what they were given, in the colours of the classes."""

from __future__ import annotations

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
