"""Plots of chapter 3: the rows of a file by diagnosis, and the values that pixels take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from helpers.core import CLASS_INDEX, CLASSES, COLOURS
from helpers.plots.axes import INK, SERIES, axes_or_new, bare, legend_above, name_rows, new_figure

_MOST_VALUES = 400_000


def file_strips(
    dx: Sequence[str] | pd.Series,
    validates: Mapping[str, NDArray[np.bool_]],
    ax: Axes | None = None,
) -> Axes:
    """Draw the rows of a file from left to right, coloured by diagnosis, a strip for each cut.

    Parameters
    ----------
    dx : sequence of str of shape (n_images,)
        Diagnosis of each row, in the order of the file.
    validates : mapping of str to ndarray of bool of shape (n_images,)
        Which rows validate, by the name of the cut.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        The first strip has all rows. Of each cut there is a strip of its training rows and one
        of its validation rows; a row keeps its place, and the places of the others are white.
    """
    codes = np.array([CLASS_INDEX[name] for name in dx])
    strips = {"all rows": np.ones(len(codes), dtype=bool)}
    for name, valid in validates.items():
        strips[f"{name}: train"] = ~valid
        strips[f"{name}: valid"] = valid
    ax = axes_or_new(ax, 0.3 * len(strips) + 0.85)
    colours = ListedColormap([COLOURS[name] for name in CLASSES])
    for row, kept in enumerate(strips.values()):
        shown = np.ma.masked_where(~kept, codes)[np.newaxis]
        extent = (0, len(codes), row + 0.38, row - 0.38)
        ax.imshow(
            shown, cmap=colours, vmin=-0.5, vmax=len(CLASSES) - 0.5, aspect="auto",
            extent=extent, interpolation="nearest",
        )  # fmt: skip
    name_rows(ax, list(strips))
    ax.set_xlim(0, len(codes))
    ax.set_xlabel("row of the file")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(visible=False)
    bare(ax, "top", "right", "left")
    present = [name for name in CLASSES if CLASS_INDEX[name] in codes]
    handles = [Patch(color=COLOURS[name], label=name) for name in present]
    legend_above(ax, len(present), handles=handles)
    return ax


def value_histograms(
    given: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]], n_bins: int = 60
) -> Figure:
    """Draw values that pixels are given against those that each backbone expects.

    Parameters
    ----------
    given : mapping of str to ndarray
        By the name of what was done to the pixels.
    expected : mapping of str to ndarray
        By the name of a backbone, of its own preprocessing.
    n_bins : int, default=60
        Bins of each panel.

    Returns
    -------
    Figure
        A row a backbone, a column for each of `given`. Each panel has its own scale; histograms
        are scaled to a peak of 1.
    """
    figure = new_figure(0.5 + 1.55 * len(expected))
    panels = figure.subplots(len(expected), len(given), squeeze=False)
    for row, (backbone, own) in zip(panels, expected.items(), strict=True):
        for ax, (name, values) in zip(row, given.items(), strict=True):
            _overlay(ax, {"given": _some(values), "expected": _some(own)}, n_bins)
            ax.set_title(f"{name}, to {backbone}", fontsize="medium")
        row[0].set_ylabel("frequency")
    for ax in panels[-1]:
        ax.set_xlabel("value of a pixel")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _overlay(ax: Axes, parts: Mapping[str, NDArray[Any]], n_bins: int) -> None:
    low = min(part.min() for part in parts.values())
    high = max(part.max() for part in parts.values())
    edges = np.linspace(low, high, n_bins + 1)
    for (label, part), colour in zip(parts.items(), SERIES, strict=False):
        counts, _ = np.histogram(part, edges)
        ax.stairs(counts / counts.max(), edges, fill=True, alpha=0.55, color=colour, label=label)
    ax.set_ylim(0, 1.05)
    ax.axvline(0, color=INK, linewidth=0.7, linestyle=":")
    bare(ax)


def _some(values: NDArray[Any]) -> NDArray[Any]:
    flat = values.reshape(-1)
    return flat[:: max(1, len(flat) // _MOST_VALUES)]
