"""Plots for whoever decides: subgroups, what is passed on, and whether acting does good."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from helpers.plots.axes import (
    FAINT,
    INK,
    SERIES,
    axes_or_new,
    bare,
    beside_row,
    draw_interval,
    legend_above,
    name_rows,
    share_axis,
)


def subgroup_points(table: pd.DataFrame, score: str = "accuracy", ax: Axes | None = None) -> Axes:
    """Draw a score of each subgroup with its interval, beside that of all images.

    Parameters
    ----------
    table : DataFrame
        As of ``helpers.evaluation.subgroup_scores``; its first row is that of all images.
    score : str, default="accuracy"
        A column of `Estimate`.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        The number of lesions stands beside each row. Subgroups without the score are left out.
    """
    values = table[score]
    shown = table[[bool(np.isfinite(estimate.value)) for estimate in values]]
    ax = axes_or_new(ax, 0.24 * max(len(shown), 1) + 0.7)
    kinds = list(dict.fromkeys(table["by"]))
    for place, row in enumerate(shown.to_dict("records")):
        estimate = row[score]
        colour = INK if row["by"] == "all" else SERIES[(kinds.index(row["by"]) - 1) % len(SERIES)]
        draw_interval(ax, place, estimate.low, estimate.high, colour)
        ax.plot(estimate.value, place, "o", color=colour, markersize=4.5)
        beside_row(ax, place, f"{row['lesions']:,} lesions", colour)
    if len(values) and np.isfinite(values.iloc[0].value):
        ax.axvline(values.iloc[0].value, color=FAINT, linewidth=1, zorder=0)
    names = [
        row["group"] if row["by"] == "all" else f"{row['by']}: {row['group']}"
        for row in shown.to_dict("records")
    ]
    if names:
        name_rows(ax, names)
    share_axis(ax)
    ax.set_xlabel(score.replace("_", " "))
    bare(ax, "top", "right", "left")
    ax.grid(visible=False, axis="y")
    return ax


def risk_over_coverage(curves: Mapping[str, pd.DataFrame], ax: Axes | None = None) -> Axes:
    """Draw the share of errors among the images that a model keeps, the surest first.

    Parameters
    ----------
    curves : mapping of str to DataFrame
        By what they are called, as of ``helpers.evaluation.risk_coverage``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        Solid is the model's own confidence; dotted is the best order of the same errors, flat the
        order that knows nothing.
    """
    ax = axes_or_new(ax, 2.9)
    highest = 0.0
    for place, (name, curve) in enumerate(curves.items()):
        colour = SERIES[place % len(SERIES)]
        coverage, last = curve["coverage"], float(curve["risk"].iloc[-1])
        ax.plot(coverage, curve["risk"], color=colour, label=name)
        ax.plot(coverage, curve["best"], color=colour, linestyle=":", linewidth=1.1)
        ax.plot([0, 1], [last, last], color=colour, linewidth=0.8, alpha=0.5)
        # The first few images make a curve jump; its scale is that of the rest.
        highest = max(highest, last, float(curve["risk"][coverage >= 0.05].max()))
    share_axis(ax)
    share_axis(ax, "y", min(1.0, max(1.08 * highest, 0.05)))
    ax.set(xlabel="coverage: share of images kept", ylabel="risk: share wrong of those kept")
    bare(ax)
    legend_above(ax, 2)
    return ax


def decision_curve(tables: Mapping[str, pd.DataFrame], ax: Axes | None = None) -> Axes:
    """Draw net benefit over thresholds, beside sending on everybody and nobody.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By what they are called, as of ``helpers.screening.net_benefit``, of one split and one
        prevalence.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        The band is the interval of each threshold.
    """
    ax = axes_or_new(ax, 2.9)
    highest = 0.01
    for place, (name, table) in enumerate(tables.items()):
        colour = SERIES[place % len(SERIES)]
        low, value, high = (
            [getattr(estimate, end) for estimate in table["model"]]
            for end in ("low", "value", "high")
        )
        ax.fill_between(table["threshold"], low, high, color=colour, alpha=0.18, linewidth=0)
        ax.plot(table["threshold"], value, color=colour, label=name)
        highest = max(highest, *high)
    first = next(iter(tables.values()))
    ax.plot(first["threshold"], first["all"], color=INK, linestyle="--", linewidth=1.1,
            label="send on everybody")  # fmt: skip
    ax.axhline(0, color=INK, linestyle=":", linewidth=1.1, label="send on nobody")
    ax.set_ylim(-0.25 * highest, 1.08 * highest)
    share_axis(ax, "x", float(first["threshold"].max()))
    ax.set(xlabel="threshold: probability from which one acts", ylabel="net benefit")
    bare(ax)
    legend_above(ax, 2)
    return ax
