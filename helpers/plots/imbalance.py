"""Plots of class imbalance: losses, an ablation, changes of recall, a weight and a threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from helpers.plots.axes import (
    FAINT,
    INK,
    SERIES,
    axes_or_new,
    bare,
    draw_interval,
    heat_table,
    legend_above,
    name_rows,
    new_figure,
    share_axis,
    wrapped,
)
from helpers.statistics import Estimate, in_points

_CHANGES = LinearSegmentedColormap.from_list("changes", ["#B35806", "#FFFFFF", "#2166AC"])
_STYLES = ("-", "--", "-.", ":")


def loss_curves(p: ArrayLike, losses: Mapping[str, ArrayLike], ax: Axes | None = None) -> Axes:
    """Draw what an image costs by the probability that its true class was given.

    Parameters
    ----------
    p : array-like of shape (n_points,)
        Probability of the true class, in (0, 1].
    losses : mapping of str to array-like of shape (n_points,)
        By the name of the curve.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        Each curve in a colour and a line style of its own.
    """
    ax = axes_or_new(ax, 2.6)
    for index, (name, values) in enumerate(losses.items()):
        colour, style = SERIES[index % len(SERIES)], _STYLES[index % len(_STYLES)]
        ax.plot(np.asarray(p), np.asarray(values), style, color=colour, label=name)
    ax.set(xlim=(0, 1), xlabel="probability of the true class", ylabel="loss")
    ax.set_ylim(bottom=0)
    ax.text(0.02, 0.03, "hard", transform=ax.transAxes, fontsize="small", color=INK)
    ax.text(0.98, 0.3, "easy", transform=ax.transAxes, fontsize="small", color=INK, ha="right")
    ax.legend(loc="upper right", frameon=False)
    bare(ax)
    return ax


def ablation_panels(table: pd.DataFrame) -> Figure:
    """Draw an ablation's scores beside the published ones, a panel a metric.

    Parameters
    ----------
    table : DataFrame
        As of ``helpers.lessons.ablation.ablation_scores``: ``row``, ``metric``, ``estimate``,
        ``published``.

    Returns
    -------
    Figure
        Points with intervals are ours, open diamonds are published; rows in the table's order.
    """
    rows, names = list(dict.fromkeys(table["row"])), list(dict.fromkeys(table["metric"]))
    figure = new_figure(0.34 * len(rows) + 0.95)
    axes = figure.subplots(1, len(names), sharey=True, sharex=True, squeeze=False)[0]
    for ax, name in zip(axes, names, strict=True):
        for _, cell in table[table["metric"] == name].iterrows():
            y, estimate = rows.index(cell["row"]), cell["estimate"]
            draw_interval(ax, y, estimate.low, estimate.high, SERIES[0], linewidth=2)
            ours = "this run, validation" if y == 0 else None
            ax.plot(estimate.value, y, "o", color=SERIES[0], markersize=5, label=ours)
            theirs = "published" if y == 0 else None
            style: dict[str, Any] = {"markerfacecolor": "none", "color": INK, "markersize": 6}
            ax.plot(cell["published"], y, "D", label=theirs, **style)
        ax.set_title(name, fontsize="medium", loc="left")
        ax.set_xlim(0, 1)
        ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        ax.axhline(0.5, color=FAINT, linewidth=0.8)
        name_rows(ax, rows)
        bare(ax)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def recall_change_map(changes: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what each technique does to the recall of each class.

    Parameters
    ----------
    changes : DataFrame
        As of ``helpers.lessons.imbalance.recall_changes``: ``technique``, ``dx``, ``lesions``,
        ``estimate``, ``verdict``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        A row a technique, a column a class. A cell is blue where recall rose and orange where it
        fell, with the change and its interval in points; bold with a frame where the interval
        excludes 0, without an interval where the class has too few lesions.
    """
    techniques, classes = (list(dict.fromkeys(changes[key])) for key in ("technique", "dx"))
    estimates = changes.pivot(index="technique", columns="dx", values="estimate")
    estimates = estimates.loc[techniques, classes]
    values = estimates.map(float)
    reach = max(0.05, float(np.nanmax(values.abs())))
    texts = estimates.map(lambda change: in_points(change.value), na_action="ignore").fillna("")
    lesions = changes.drop_duplicates("dx").set_index("dx")["lesions"]
    values.columns = [f"{dx}\n{int(lesions[dx])} lesions" for dx in classes]
    values.index = [wrapped(name, 22) for name in techniques]
    ax = axes_or_new(ax, 0.48 * len(techniques) + 0.75)
    heat_table(
        ax, values, texts, cmap=_CHANGES, limits=(-reach, reach), fontsize="small", va="bottom"
    )
    for _, cell in changes.iterrows():
        row, column = techniques.index(cell["technique"]), classes.index(cell["dx"])
        above = ax.texts[row * len(classes) + column]
        below = ax.text(column + 0.5, row + 0.58, _ends(cell["estimate"]), ha="center", va="top")
        below.set(fontsize=6.5, color=above.get_color())
        if cell["verdict"] in ("higher", "lower"):
            above.set_fontweight("bold")
            below.set_fontweight("bold")
            place = (column + 0.04, row + 0.05)
            ax.add_patch(Rectangle(place, 0.92, 0.9, fill=False, edgecolor=INK, linewidth=1.4))
    ax.tick_params(axis="x", labelsize="small")
    return ax


def weight_and_threshold(costs: pd.DataFrame, curve: pd.DataFrame, dx: str) -> Figure:
    """Draw what a class's weight does to its recall and precision, beside a moved threshold.

    Parameters
    ----------
    costs : DataFrame
        As of ``helpers.lessons.class_weight_curve.weight_costs``: ``recall`` and ``precision``,
        indexed by ``weight``.
    curve : DataFrame
        As of ``helpers.lessons.class_weight_curve.threshold_curve``: ``recall``, ``precision``.
    dx : str
        The class, for the labels.

    Returns
    -------
    Figure
        Left both scores over the weight, with intervals. Right precision over recall: a point a
        weight, and the line that the threshold of the unweighted model goes along.
    """
    figure = new_figure(2.9)
    left, right = figure.subplots(1, 2)
    places = range(len(costs))
    for shift, name, colour, marker in (
        (-0.07, "recall", SERIES[0], "o"),
        (0.07, "precision", SERIES[1], "s"),
    ):
        each = list(costs[name])
        x = [place + shift for place in places]
        left.plot(
            x, [e.value for e in each], color=colour, marker=marker, label=name, clip_on=False
        )
        left.vlines(x, [e.low for e in each], [e.high for e in each], color=colour, linewidth=1.4)
    left.set_xticks(places, [f"{weight:g}" for weight in costs.index])
    left.set(xlabel=f"weight of {dx} in the loss", xlim=(-0.5, len(costs) - 0.5))
    share_axis(left, "y", 1.02)
    legend_above(left, 2)
    right.step(
        curve["recall"],
        curve["precision"],
        where="post",
        color=FAINT,
        linewidth=1.4,
        label="threshold moved, no training",
    )
    for (weight, row), marker in zip(costs.iterrows(), "osD^v<>", strict=False):
        right.plot(
            row["recall"].value,
            row["precision"].value,
            marker,
            color=SERIES[2],
            markersize=6,
            clip_on=False,
            zorder=3,
            label=f"weight {weight:g}",
        )
    right.set(xlabel=f"recall of {dx}", ylabel=f"precision of {dx}")
    share_axis(right, "x", 1.02)
    share_axis(right, "y", 1.02)
    legend_above(right, 2, fontsize="small")
    for ax in (left, right):
        bare(ax)
    return figure


def _ends(estimate: Estimate) -> str:
    if not np.isfinite(estimate.low):
        return "too few"
    return f"{in_points(estimate.low)} to {in_points(estimate.high)}"
