"""Learning curves show the epochs that there were."""

from __future__ import annotations

import pytest
from support.plotted import make_history

from helpers import plots


def test_learning_curves_mark_the_stage() -> None:
    """The boundary lies between the last epoch of a stage and the first of the next."""
    figure = plots.learning_curves({"A": make_history(3, 4), "B": make_history(5, 2)})
    vertical = {
        float(line.get_xdata()[0])  # type: ignore[index]
        for ax in figure.axes
        for line in ax.lines
        if line.get_linestyle() == ":"
    }
    assert vertical == {3.5, 5.5}


def test_learning_curves_leave_out_a_loss_that_is_not_there() -> None:
    """Beside a plain one, a trial whose training loss was dropped has its validation alone."""
    histories = {"plain": make_history(3, 2), "weighted": make_history(3, 2).drop(columns="loss")}
    figure = plots.learning_curves(histories)
    drawn = [[line.get_linestyle() for line in ax.lines] for ax in figure.axes[:2]]
    assert [styles.count("--") for styles in drawn] == [1, 0]
    assert [styles.count("-") for styles in drawn] == [1, 1]


def test_learning_curves_need_epochs() -> None:
    """An empty history is an error that names the trial."""
    with pytest.raises(ValueError, match="ResNet50"):
        plots.learning_curves({"ResNet50": make_history(0, 0)})
