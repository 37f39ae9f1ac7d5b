"""What the plots share: axes of the page's width, class labels, intervals, shares, heat tables."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns  # type: ignore[import-untyped]
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, to_rgb
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray

from helpers.core import text_units

WIDTH = 6.3
"""Width of a figure in inches: 16 cm, the text width of an A4 page."""

_TITLE = 0.19
"""Height in inches of a picture's one-line title."""
_PAGE = 8.3
"""Height in inches that a grid may take, leaving room for a caption."""

SPLIT_COLOURS: dict[str, str] = {"train": "#31497A", "valid": "#8298C6", "test": "#D5A253"}
INK = "#333333"
FAINT = "#B8B8B8"
# Paul Tol's muted scheme (https://sronpersonalpages.nl/~pault/), colour-blind safe and unlike
# the colours of the diagnoses: for scores, trials and sides of a comparison.
SERIES: tuple[str, ...] = ("#332288", "#CC6677", "#117733", "#DDAA33", "#882255", "#44AA99")
SHARES: Colormap = sns.blend_palette(["#FFFFFF", "#9DBBD8", "#0B4F84"], as_cmap=True)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Make an empty figure whose parts are laid out without overlap.

    Parameters
    ----------
    height, width : float
        In inches; 6.3 inches is the width of the page's text.

    Returns
    -------
    Figure
    """
    return plt.figure(figsize=(width, height), layout="constrained")


def axes_or_new(ax: Axes | None, height: float) -> Axes:
    """Return ``ax``, or the axes of a new figure of the page's width and ``height`` inches."""
    return new_figure(height).add_subplot() if ax is None else ax


def share_axis(ax: Axes, axis: str = "x", upper: float = 1.0) -> None:
    """Scale an axis to shares from 0 to ``upper``, written in percent."""
    which = ax.xaxis if axis == "x" else ax.yaxis
    which.set_major_formatter(PercentFormatter(1, decimals=0))
    (ax.set_xlim if axis == "x" else ax.set_ylim)(0, upper)


def legend_above(ax: Axes, n_columns: int, **options: Any) -> None:
    """Put the legend above the data, in one or more rows of ``n_columns``."""
    options = {"columnspacing": 1.4, "handlelength": 1.2, "borderaxespad": 0.2} | options
    ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=n_columns, frameon=False, **options
    )


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Name the rows of a plot, the first on top, without tick marks."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def beside_row(ax: Axes, row: float, text: str, colour: str = INK) -> None:
    """Write a text to the right of the data, at the height of a row."""
    place = ax.get_yaxis_transform()
    ax.text(1.015, row, text, transform=place, va="center", fontsize="small", color=colour)


def beside_point(
    ax: Axes, point: tuple[float, float], text: str, *, left: bool, colour: str = INK
) -> None:
    """Write a text to the left or to the right of a point."""
    ax.annotate(
        text, point, xytext=(-6 if left else 6, 0), textcoords="offset points",
        ha="right" if left else "left", va="center", fontsize="small", color=colour,
    )  # fmt: skip


def bare(ax: Axes, *sides: str) -> None:
    """Hide the given spines, by default the top and the right one."""
    for side in sides or ("top", "right"):
        ax.spines[side].set_visible(False)


def ink_on(colour: Any) -> str:
    """Black or white, whichever reads better on ``colour``.

    >>> ink_on("#0072B2"), ink_on("#FFFFFF")
    ('white', 'black')
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = float(np.dot([0.2126, 0.7152, 0.0722], linear))
    return "black" if luminance > 0.22 else "white"


def labels_of(keys: Sequence[str], labels: Mapping[str, str] | None) -> list[str]:
    """Text of each key: its entry in ``labels``, or the key itself."""
    return [(labels or {}).get(str(key), str(key)) for key in keys]


def wrapped(text: str, units: int) -> str:
    r"""Break a label into lines of at most ``units`` half-width characters.

    >>> wrapped("Basal cell carcinoma", 12)
    'Basal cell\ncarcinoma'
    >>> wrapped("黑色素細胞痣", 6)
    '黑色素\n細胞痣'
    """
    if text_units(text) <= units:
        return text
    if text.isascii():
        return "\n".join(textwrap.wrap(text, units, break_long_words=False))
    lines = [""]
    for character in text:
        if text_units(lines[-1] + character) > units:
            lines.append("")
        lines[-1] += character
    return "\n".join(lines)


def draw_interval(ax: Axes, y: float, low: float, high: float, colour: str, **options: Any) -> None:
    """Draw a horizontal interval at ``y``; nothing where an end is NaN."""
    if np.isfinite(low) and np.isfinite(high):
        ax.hlines(y, low, high, color=colour, **({"linewidth": 1.4} | options))


def stacked_bars(
    ax: Axes,
    table: pd.DataFrame,
    colours: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
) -> list[BarContainer]:
    """Draw each row of a table as one horizontal bar; return the bars of each column."""
    n_rows, n_columns = table.shape
    sns.histplot(
        y=np.tile(np.arange(n_rows), n_columns),
        hue=np.repeat(table.columns.map(str), n_rows),
        weights=np.nan_to_num(table.to_numpy(dtype=float)).ravel(order="F"),
        hue_order=[str(column) for column in table.columns[::-1]],  # the last lies leftmost
        multiple="stack", discrete=True, shrink=0.78, palette=dict(colours), alpha=1, linewidth=0,
        legend=False, ax=ax,
    )  # fmt: skip
    columns = [bars for bars in ax.containers if isinstance(bars, BarContainer)]
    for bars, name in zip(columns, labels_of(list(table.columns), labels), strict=True):
        bars.set_label(name)
    name_rows(ax, labels_of(list(table.index), labels))
    ax.set(xlabel="", ylabel="")
    return columns


def stacked_shares(
    ax: Axes,
    table: pd.DataFrame,
    colours: Mapping[str, str],
    *,
    counts: pd.Series | None = None,
    least: float = 0.06,
) -> None:
    """Draw each row of a table as one horizontal bar of shares.

    Parameters
    ----------
    ax : Axes
        Where to draw; the first row comes on top.
    table : DataFrame of shape (n_rows, n_segments)
        Shares in [0, 1]; each row sums to 1, or to NaN where it has no cases.
    colours : mapping of str to colour
        Colour of each column.
    counts : Series of int or None
        Cases behind each row, written to its right.
    least : float, default=0.06
        Shares below this are drawn but not written.
    """
    drawn = stacked_bars(ax, table, colours)
    for bars, column in zip(drawn, table.columns, strict=True):
        texts = [f"{share:.0%}" if share >= least else "" for share in table[column]]
        ink = ink_on(colours[str(column)])
        ax.bar_label(bars, texts, label_type="center", fontsize="x-small", color=ink)
    share_axis(ax)
    bare(ax, "top", "right", "left")
    ax.grid(visible=False)
    if counts is not None:
        for place, n in enumerate(counts):
            beside_row(ax, place, f"n = {int(n):,}")


def heat_table(
    ax: Axes,
    values: pd.DataFrame,
    texts: ArrayLike,
    *,
    cmap: Colormap = SHARES,
    limits: tuple[float, float] = (0, 1),
    line: str = "white",
    **style: Any,
) -> None:
    """Draw a table as cells coloured by their values, each with a text.

    Parameters
    ----------
    ax : Axes
        Where to draw; cell (row, column) has its middle at (column + 0.5, row + 0.5).
    values : DataFrame of float of shape (n_rows, n_columns)
        Named as the labels; NaN has the colour of 0.
    texts : array-like of str of shape (n_rows, n_columns)
        Written in black or white, whichever reads better.
    cmap : Colormap
        Colours of the values.
    limits : tuple of float, default=(0, 1)
        Values at the two ends of the colours.
    line : colour, default="white"
        Of the lines between cells.
    **style
        Of the texts.
    """
    sns.heatmap(
        values.fillna(0), cmap=cmap, vmin=limits[0], vmax=limits[1], annot=np.asarray(texts),
        fmt="", annot_kws=style, cbar=False, linewidths=1.2, linecolor=line,
        xticklabels=list(values.columns), yticklabels=list(values.index), ax=ax,
    )  # fmt: skip
    # Its own choice of ink leaves white on colours where black reads better.
    for text, colour in zip(ax.texts, ax.collections[0].get_facecolor(), strict=True):
        text.set_color(ink_on(colour))
    ax.set(xlabel="", ylabel="")
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelrotation=0)


def picture_grid(
    shape: tuple[int, ...],
    n_rows: int,
    n_columns: int,
    *,
    titled: bool = False,
    labels: Sequence[str] = (),
    header: float = 0.0,
) -> tuple[Figure, NDArray[Any]]:
    """Place pictures of one shape close together, with room for titles, labels and a header.

    Parameters
    ----------
    shape : tuple of int
        Height and width of a picture in pixels; what follows is not looked at.
    n_rows, n_columns : int
        Number of pictures down and across; they shrink until all fit on a page.
    titled : bool, default=False
        Whether pictures have a title of one line.
    labels : sequence of str, default=()
        Text to the left of each row.
    header : float, default=0
        Inches above the first row.

    Returns
    -------
    figure : Figure
    axes : ndarray of Axes of shape (n_rows, n_columns)
        Without ticks and frames.

    Notes
    -----
    The places are computed and not left to a layout engine, which lets titles of pictures with
    a fixed aspect run over the figure's edge.
    """
    gap, title = 0.05, _TITLE if titled else 0.0
    unit = 0.62 * 0.833 * float(rcParams["font.size"]) / 72  # inches of a half-width character
    label_width = max(map(text_units, labels), default=0) * unit + (0.1 if labels else 0)
    aspect = shape[0] / shape[1]
    width = (WIDTH - label_width) / n_columns - gap
    tallest = (_PAGE - header) / n_rows - gap - title
    width = min(width, tallest / aspect)
    height = width * aspect
    total = header + n_rows * (height + title + gap)
    left = label_width + (WIDTH - label_width - n_columns * (width + gap)) / 2
    figure = plt.figure(figsize=(WIDTH, total))
    axes = np.empty((n_rows, n_columns), dtype=object)
    for row, column in np.ndindex(n_rows, n_columns):
        x = left + column * (width + gap) + gap / 2
        y = total - header - row * (height + title + gap) - title - height - gap / 2
        ax = figure.add_axes((x / WIDTH, y / total, width / WIDTH, height / total))
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
        bare(ax, "top", "right", "left", "bottom")
        ax.patch.set_alpha(0)
        axes[row, column] = ax
    for ax, text in zip(axes[:, 0], labels, strict=False):
        ax.set_ylabel(text, rotation=0, ha="right", va="center", fontsize="small", labelpad=4)
    return figure, axes
