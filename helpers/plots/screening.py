"""Plots of a screening model: lightness, curves with operating points, reliability, a thousand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from helpers.evaluation import Curve
from helpers.plots.axes import (
    FAINT,
    INK,
    SERIES,
    axes_or_new,
    bare,
    legend_above,
    share_axis,
)
from helpers.plots.evaluation import curve_panels, reliability_panels

LESION_COLOURS: dict[str, str] = {
    "found": "#D55E00",
    "missed": "#000000",
    "alarms": "#F0C48A",
    "spared": "#DDE6EE",
}
_TEXTS = {
    "found": "malignant, sent on",
    "missed": "malignant, missed",
    "alarms": "benign, sent on",
    "spared": "benign, left alone",
}


def lightness_histograms(
    histograms: Mapping[str, NDArray[np.float64]], ax: Axes | None = None
) -> Axes:
    """Draw shares of pixels over lightness, one line a set of pictures.

    Parameters
    ----------
    histograms : mapping of str to ndarray of shape (256,)
        Each sums to 1. The first, the unchanged pictures, is filled.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        Four levels are drawn as one, since equalising leaves gaps between levels.
    """
    ax = axes_or_new(ax, 2.6)
    levels = np.arange(0, 257, 4)
    shares = {name: h.reshape(-1, 4).sum(axis=1) for name, h in histograms.items()}
    for index, name in enumerate(shares):
        style: dict[str, Any] = {"color": SERIES[index - 1], "linewidth": 1.3}
        if index == 0:
            style = {"color": FAINT, "alpha": 0.7, "fill": True}
        ax.stairs(shares[name], levels, label=name, **style)
    ax.set(xlim=(0, 256), xlabel="lightness L (0 black, 255 white)", ylabel="share of pixels")
    share_axis(ax, "y", 1.08 * max(map(max, shares.values())))
    bare(ax)
    legend_above(ax, len(histograms))
    return ax


def screening_curves(
    roc: Curve,
    pr: Curve,
    points: Mapping[str, tuple[float, float, float]],
    published: tuple[float, float, float] | None = None,
) -> Figure:
    """Draw ROC and precision-recall curves side by side, with operating points.

    Parameters
    ----------
    roc, pr : Curve
        As of `helpers.screening.scores.screening_roc` and ``screening_pr``.
    points : mapping of str to tuple of float
        False positive rate, recall and precision of each threshold, by its name.
    published : tuple of float or None
        The same of a published model, whose curve is not known.

    Returns
    -------
    Figure
    """
    recall = "recall (sensitivity)"
    figure, left, right = curve_panels(3.5, recall, recall)
    left.plot(roc.x, roc.y, color=SERIES[0], linewidth=1.4, label=f"test: AUC {roc.area:.2f}")
    left.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1, label="chance")
    right.step(pr.x, pr.y, where="post", color=SERIES[0], linewidth=1.4)
    right.axhline(pr.chance, color=INK, linestyle=":", linewidth=1)
    marks = {
        name: (point, marker) for (name, point), marker in zip(points.items(), "os^v", strict=False)
    }
    if published is not None:
        marks["published"] = (published, "D")
    for index, (name, ((false, found, precision), marker)) in enumerate(marks.items()):
        style: dict[str, Any] = {"marker": marker, "color": SERIES[index + 1]}
        style |= {"markersize": 6, "linestyle": ""}
        if name == "published":
            style |= {"markerfacecolor": "white"}
        left.plot(false, found, label=name, **style)
        right.plot(found, precision, **style)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    return figure


def reliability_pair(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw share of malignant images against their probability, one panel a reading.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As of `helpers.screening.comparison.screening_reliability`, by the panel's title.

    Returns
    -------
    Figure
        Points below the diagonal promise more malignancy than there is.
    """
    return reliability_panels(
        tables, ("probability", "share"), ("probability of malignant", "share malignant")
    )


def thousand_lesions(
    counts: Mapping[str, int], ax: Axes | None = None, *, side: float = 6.2
) -> Axes:
    """Draw a thousand lesions as squares, coloured by what a threshold does to them.

    Parameters
    ----------
    counts : mapping of str to int
        "found", "missed", "alarms" and "spared"; they sum to 1,000.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.
    side : float, default=6.2
        Of a square, in points: what the page's width has room for.

    Returns
    -------
    Axes
        Twenty rows of fifty, column by column in the order above.

    Raises
    ------
    ValueError
        If the counts do not sum to 1,000.
    """
    total = sum(counts.values())
    if total != 1000:
        raise ValueError(f"expected counts that sum to 1,000 but got {total}; round them together")
    ax = axes_or_new(ax, 2.9)
    place = np.arange(1000)
    x, y = place // 20, place % 20
    first = 0
    for name, n in ((name, counts[name]) for name in LESION_COLOURS):
        here = slice(first, first + n)
        label = f"{_TEXTS[name]}: {n}"
        ax.plot(
            x[here], y[here], "s", color=LESION_COLOURS[name], markersize=side, markeredgewidth=0,
            label=label,
        )  # fmt: skip
        first += n
    ax.set(xticks=[], yticks=[], xlim=(-0.8, 49.8), ylim=(19.8, -0.8))
    ax.grid(visible=False)
    bare(ax, "top", "right", "left", "bottom")
    legend_above(ax, 2)
    return ax
