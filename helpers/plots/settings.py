"""Plots of what a setting does, a row a setting: a threshold, a weight on a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from helpers.plots.axes import (
    FAINT,
    INK,
    SERIES,
    bare,
    heat_table,
    legend_above,
    new_figure,
    share_axis,
)
from helpers.plots.screening import thousand_lesions


def threshold_rows(
    rows: Sequence[tuple[str, pd.DataFrame, Mapping[str, int]]],
) -> Figure:
    """Draw a confusion matrix beside a thousand lesions, a row a threshold.

    Parameters
    ----------
    rows : sequence of tuple
        Of each row its name; the matrix of images as of `helpers.screening.screening_confusion`,
        truth by row; and the counts as of `thousand_lesions`.

    Returns
    -------
    Figure
        Matrices are shaded by the share of their row.
    """
    figure = new_figure(2.5 * len(rows))
    grid = figure.subplots(len(rows), 2, squeeze=False, width_ratios=(1, 2.1))
    for (left, right), (name, matrix, counts) in zip(grid, rows, strict=True):
        shares = matrix.div(matrix.sum(axis=1), axis=0)
        heat_table(left, shares, matrix.map("{:,.0f}".format))
        left.set(title=name, ylabel="true", xlabel="called")
        left.title.set_fontsize("small")
        left.tick_params(labelsize="small")
        thousand_lesions(counts, right, side=4.0)
    return figure


def recall_rows(recalls: Mapping[str, pd.Series], dx: str) -> Figure:
    """Draw the recall of each class under some settings, a line a setting.

    Parameters
    ----------
    recalls : mapping of str to Series
        By the setting's name, at most six: recall in [0, 1] by class, NaN without an image.
    dx : str
        The class that the settings favour; its label is bold.

    Returns
    -------
    Figure
        The first setting is grey; it is what the others are compared with.
    """
    figure = new_figure(2.9)
    ax = figure.add_subplot()
    classes = list(next(iter(recalls.values())).index)
    for index, ((name, recall), marker) in enumerate(zip(recalls.items(), "osD^v<", strict=False)):
        colour = FAINT if index == 0 else SERIES[index - 1]
        x = [place + 0.1 * (index - (len(recalls) - 1) / 2) for place in range(len(classes))]
        ax.plot(x, recall.to_numpy(), marker, color=colour, label=name, clip_on=False)
    ax.set_xticks(range(len(classes)), classes)
    ax.get_xticklabels()[classes.index(dx)].set_fontweight("bold")
    ax.set(ylabel="recall", xlim=(-0.5, len(classes) - 0.5))
    ax.tick_params(axis="x", length=0, labelcolor=INK)
    share_axis(ax, "y", 1.02)
    bare(ax)
    legend_above(ax, 3, fontsize="small")
    return figure
