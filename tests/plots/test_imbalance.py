"""Plots of imbalance say what changed, and by how much."""

from __future__ import annotations

from support.plotted import ablation, recall_table, texts

from helpers import plots
from helpers.lessons.ablation import ABLATION


def test_recall_changes_say_what_they_are() -> None:
    """Each cell has its change in points; told ones are bold and framed, few have no interval."""
    table = recall_table()
    table.loc[table["dx"] == "nv", "verdict"] = "no difference shown"
    ax = plots.recall_change_map(table)
    told = table["verdict"].isin(["higher", "lower"]).sum()
    assert len(ax.patches) == told == sum(t.get_fontweight() == "bold" for t in ax.texts) / 2
    assert texts(ax).count("too few") == 3
    assert texts(ax).count("−30") == 3  # akiec's change in each row


def test_ablation_shows_both_numbers() -> None:
    """Ours lie at their values, the published ones at theirs, and rows go down in order."""
    figure = plots.ablation_panels(ablation())
    ax = figure.axes[0]
    drawn = {line.get_marker(): float(line.get_xdata()[0]) for line in ax.lines[:2]}  # type: ignore[index]
    assert drawn == {"o": 0.4, "D": 0.9}
    assert [label.get_text() for label in ax.get_yticklabels()] == list(ABLATION)
    assert ax.yaxis_inverted()
