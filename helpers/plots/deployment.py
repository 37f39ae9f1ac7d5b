"""Plots of exported models: size against score, time of an image, reliability before and after."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.plots.axes import FAINT, INK, SERIES, axes_or_new, bare, legend_above, name_rows
from helpers.plots.evaluation import reliability_panels
from helpers.statistics import Estimate

_MARKERS = {"SavedModel": "s", "ONNX": "^", "LiteRT": "o", "TensorFlow.js": "D"}


def size_against_score(variants: pd.DataFrame, reference: Estimate, ax: Axes | None = None) -> Axes:
    """Draw the balanced accuracy of each export over its size.

    Parameters
    ----------
    variants : DataFrame
        As of `helpers.serving.deployment.tables.variants_table`.
    reference : Estimate
        Of Keras; its interval is a band.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        Exports of one size are drawn side by side, a little apart.
    """
    ax = axes_or_new(ax, 3.2)
    ax.axhspan(reference.low, reference.high, color=FAINT, alpha=0.25, linewidth=0)
    ax.axhline(reference.value, color=INK, linestyle=":", linewidth=1, label="Keras")
    largest = float(variants["MiB"].max())
    taken: list[float] = []
    for title, row in variants.sort_values("MiB").iterrows():
        kind, _, precision = str(title).rpartition(" ")
        x = float(row["MiB"])
        while any(abs(x - other) < 0.022 * largest for other in taken):
            x += 0.022 * largest
        taken.append(x)
        score = row["balanced accuracy"]
        colour = SERIES[("float32", "float16", "int8").index(precision)]
        ax.vlines(x, score.low, score.high, color=colour, linewidth=1.4)
        ax.plot(x, score.value, _MARKERS[kind], color=colour, markersize=6, label=str(title))
    ax.set_xlim(0, largest * 1.16)
    ax.set_xlabel("size of the files, MiB")
    ax.set_ylabel("balanced accuracy")
    bare(ax)
    legend_above(ax, 4, fontsize="small")
    return ax


def latency_dots(times: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the median time of an image and the time of the slowest tenth.

    Parameters
    ----------
    times : DataFrame
        As of `helpers.serving.deployment.tables.latency_table`.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        A row a program and number of threads; a line from the median to the 90th percentile.
    """
    ax = axes_or_new(ax, 0.27 * len(times) + 0.9)
    for place, (name, row) in enumerate(times.iterrows()):
        colour = SERIES[0] if row["threads"] == "1" else SERIES[1]
        colour = INK if name == "Keras" else colour
        ax.hlines(place, row["median, ms"], row["p90, ms"], color=colour, linewidth=1.6)
        ax.plot(row["median, ms"], place, "o", color=colour, markersize=6)
        ax.plot(row["p90, ms"], place, "|", color=colour, markersize=9)
    labels = [
        f"{name}, {row['threads']} thread{'' if row['threads'] == '1' else 's'}"
        for name, row in times.iterrows()
    ]
    name_rows(ax, labels)
    ax.set_xlim(0, float(times["p90, ms"].max()) * 1.06)
    ax.set_xlabel("milliseconds an image: median (dot) to 90th percentile (tick)")
    bare(ax)
    return ax


def reliability_before_after(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw accuracy against confidence, one panel a set of probabilities.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        As of ``helpers.evaluation.reliability``, by the panel's title.

    Returns
    -------
    Figure
        Points below the diagonal are overconfident.
    """
    return reliability_panels(tables)
