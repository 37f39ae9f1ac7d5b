"""Plots of a split's predictions: confusions, classes, curves, errors, calibration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from helpers.core import CLASSES, COLOURS, text_units
from helpers.evaluation import Curve
from helpers.plots.axes import (
    FAINT,
    INK,
    SERIES,
    WIDTH,
    axes_or_new,
    bare,
    beside_point,
    heat_table,
    labels_of,
    legend_above,
    new_figure,
    share_axis,
    stacked_shares,
    wrapped,
)
from helpers.statistics import Estimate

_APART = 1.04
"""Least ratio of two places on a logarithmic axis that are told apart."""


def confusion_matrix(confusion: pd.DataFrame, labels: Mapping[str, str] | None = None) -> Figure:
    """Draw a confusion matrix in counts and in shares of each true class, side by side.

    Parameters
    ----------
    confusion : DataFrame of int of shape (n_classes, n_classes)
        True class by row, predicted class by column.
    labels : mapping of str to str or None, default=None
        Text of a row where it is not the class's code; columns keep the codes.

    Returns
    -------
    Figure
        Both panels are shaded by the share of the row, so that rare classes show.
    """
    shares = confusion.div(confusion.sum(axis=1), axis=0).fillna(0)
    names = labels_of(list(confusion.index), labels)
    label_width = max(map(text_units, names)) * 0.5 * float(rcParams["font.size"]) / 72
    panel = (WIDTH - label_width - 0.4) / 2  # inches; the layout engine does not shrink the page
    figure = new_figure(panel + 0.82)
    left, right = figure.subplots(1, 2)
    percent = (100 * shares).map(lambda share: f"{share:.0f}" if share >= 0.5 else "<1")
    panels = {"images": confusion.map("{:,.0f}".format), "share of the row (%)": percent}
    for ax, (title, texts) in zip((left, right), panels.items(), strict=True):
        rows = names if ax is left else [""] * len(names)
        heat_table(
            ax, shares.set_axis(rows), texts.mask(confusion == 0, "·"), line="#E4E4E4",
            fontsize="small",
        )  # fmt: skip
        for index, text in enumerate(ax.texts):
            if index % (len(names) + 1) == 0:  # the diagonal
                text.set_fontweight("bold")
            if len(text.get_text()) > 4:
                text.set_fontsize("x-small")
            if text.get_text() == "·":
                text.set_color(FAINT)
        ax.set(title=title, xlabel="predicted", aspect="equal")
        ax.xaxis.tick_bottom()
        ax.tick_params(axis="x", labelsize="small", length=0)
    left.set_ylabel("true")
    return figure


def per_class_bars(
    table: pd.DataFrame, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None
) -> Axes:
    """Draw recall, precision and F1 of each class with their intervals.

    Parameters
    ----------
    table : DataFrame
        As of ``helpers.evaluation.per_class``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.
    labels : mapping of str to str or None, default=None
        Text of a class where it is not its code.

    Returns
    -------
    Axes
        Undefined values (a class never predicted has no precision) are not drawn.
    """
    ax = axes_or_new(ax, 2.9)
    names = ("recall", "precision", "f1")
    for index, name in enumerate(names):
        x = np.arange(len(table)) + (index - 1) * 0.27
        values = table[name].to_numpy(dtype=float)
        label = "F1" if name == "f1" else name
        colour = SERIES[index]
        ax.bar(x, np.nan_to_num(values), width=0.25, color=colour, alpha=0.75, label=label)
        low, high = (table[f"{name}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        ax.vlines(x, low, high, color=INK, linewidth=1)
    ticks = [wrapped(text, 12) for text in labels_of([str(dx) for dx in table.index], labels)]
    support = [f"n = {int(n):,}" for n in table["support"]]
    ax.set_xticks(range(len(table)), [f"{a}\n{b}" for a, b in zip(ticks, support, strict=True)])
    longest = max(map(text_units, ticks))  # a class has room for about twelve characters
    size = "medium" if longest <= 8 else "small" if longest <= 12 else "x-small"
    ax.tick_params(axis="x", length=0, labelsize=size)
    share_axis(ax, "y")
    ax.set_xlim(-0.6, len(table) - 0.4)
    bare(ax)
    legend_above(ax, 3)
    return ax


def roc_pr(roc: Mapping[str, Curve], pr: Mapping[str, Curve]) -> Figure:
    """Draw one-vs-rest ROC and precision-recall curves of the classes side by side.

    Parameters
    ----------
    roc, pr : mapping of str to Curve
        As of ``helpers.evaluation.roc_curves`` and ``pr_curves``.

    Returns
    -------
    Figure
        With each class's areas under both curves (AUC and average precision) in the legend.
    """
    figure, left, right = curve_panels(4.2, "true positive rate", "recall")
    for dx, curve in roc.items():
        label = f"{dx}: AUC {curve.area:.2f}"
        if dx in pr:
            label += f", AP {pr[dx].area:.2f} (chance {pr[dx].chance:.2f})"
        left.plot(curve.x, curve.y, color=COLOURS[dx], linewidth=1.2, label=label)
    for dx, curve in pr.items():
        right.step(curve.x, curve.y, where="post", color=COLOURS[dx], linewidth=1.2)
    left.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize="small")
    return figure


def curve_panels(height: float, rate: str, recall: str) -> tuple[Figure, Axes, Axes]:
    """Make a figure of two empty panels, for ROC and for precision-recall curves.

    Parameters
    ----------
    height : float
        Of the figure in inches.
    rate, recall : str
        What the share of positives found is called beside each curve.

    Returns
    -------
    figure : Figure
    left, right : Axes
    """
    figure = new_figure(height)
    left, right = figure.subplots(1, 2)
    left.set(xlabel="false positive rate", ylabel=rate)
    right.set(xlabel=recall, ylabel="precision")
    for ax in (left, right):
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
        bare(ax)
    return figure, left, right


def error_flow(destinations: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what each class's images are called, its own class first.

    Parameters
    ----------
    destinations : DataFrame
        As of ``helpers.evaluation.error_destinations``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        A bar a true class: the part that is right in grey, then its errors by the class
        predicted, the commonest destination of all errors first.
    """
    ax = axes_or_new(ax, 0.32 * len(destinations) + 1.0)
    shares = destinations[list(CLASSES)].astype(float)
    table = shares.copy()
    right = pd.Series(np.diag(shares.to_numpy()), index=shares.index)
    for dx in CLASSES:
        table.loc[dx, dx] = 0.0
    order = table.sum().sort_values(ascending=False, kind="stable").index
    table = table[list(order)]
    table.insert(0, "right", right)
    columns = [column for column in table.columns if table[column].sum() > 0]
    stacked_shares(
        ax,
        table[columns],
        {"right": "#E3E3E3", **COLOURS},
        counts=destinations["n"],
        least=0.045,
    )
    ax.set_ylabel("true class")
    ax.set_xlabel("share of its images")
    legend_above(ax, 8, title="predicted", title_fontsize="small", alignment="left")
    return ax


def reliability_diagram(table: pd.DataFrame, error: Estimate | None = None) -> Figure:
    """Draw accuracy against confidence, and how many images have each confidence.

    Parameters
    ----------
    table : DataFrame
        As of ``helpers.evaluation.reliability``.
    error : Estimate or None, default=None
        Expected calibration error, written into the title.

    Returns
    -------
    Figure
        Points below the diagonal are overconfident.
    """
    title = "" if error is None else f"calibration error {error}"
    return reliability_panels({title: table}, width=4.2)


def recall_vs_count(
    table: pd.DataFrame, n_train: Mapping[str, int] | pd.Series, ax: Axes | None = None
) -> Axes:
    """Draw each class's recall against its number of training images.

    Parameters
    ----------
    table : DataFrame
        As of ``helpers.evaluation.per_class``.
    n_train : mapping of str to int, or Series
        Training images of each class.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        On a logarithmic axis of counts, with the recall's interval. Classes of the same count
        stand side by side.
    """
    ax = axes_or_new(ax, 2.9)
    rows = [str(dx) for dx in table.index[table["recall"].notna()] if n_train[str(dx)] > 0]
    rows.sort(key=lambda dx: n_train[dx])
    places: list[float] = []
    for dx in rows:  # classes of one count stand side by side
        places.append(max(float(n_train[dx]), places[-1] * _APART if places else 0.0))
    for dx, before, n, after in zip(
        rows, [0.0, *places], places, [*places[1:], np.inf], strict=False
    ):
        ends = ["recall_low", "recall", "recall_high"]
        low, recall, high = table.loc[[dx], ends].to_numpy(dtype=float)[0]
        ax.vlines(n, low, high, color=COLOURS[dx], linewidth=1.6)
        ax.plot(n, recall, "o", color=COLOURS[dx], markersize=6)
        # A name goes right of its point, or left where there is more room.
        beside_point(ax, (n, recall), dx, left=after / n < min(n / max(before, 1e-9), 1.35))
    ax.set_xscale("log")
    if rows:
        ax.set_xlim(places[0] / 1.6, places[-1] * 1.6)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    ax.xaxis.set_minor_formatter(lambda x, _: "")
    share_axis(ax, "y")
    ax.set_ylim(-0.02, 1.02)
    ax.set(xlabel="training images (logarithmic)", ylabel="recall")
    bare(ax)
    return ax


def reliability_panels(
    tables: Mapping[str, pd.DataFrame],
    columns: tuple[str, str] = ("confidence", "accuracy"),
    labels: tuple[str, str] = ("confidence (highest probability)", "accuracy"),
    width: float = WIDTH,
) -> Figure:
    """Draw how often predictions come true against how sure they were, one panel a table.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the panel's title: a row a bin with ``left``, ``right``, ``n``, ``low``, ``high`` and
        `columns`.
    columns : tuple of str
        What was promised, and the share that came true.
    labels : tuple of str
        Names of their axes.
    width : float
        Of the figure in inches.

    Returns
    -------
    Figure
        Points below the diagonal promise too much; how many images a bin has is drawn below.
    """
    figure = new_figure(3.7, width)
    axes = figure.subplots(2, len(tables), sharex=True, height_ratios=[3, 1], squeeze=False)
    most = max(int(table["n"].max()) for table in tables.values())
    for column, (title, table) in enumerate(tables.items()):
        top, bottom = axes[:, column]
        top.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1)
        x = table[columns[0]]
        top.vlines(x, table["low"], table["high"], color=SERIES[0], linewidth=1.5)
        top.plot(x, table[columns[1]], "o-", color=SERIES[0], markersize=4, linewidth=1)
        share_axis(top, "y")
        top.set_ylim(0, 1.02)
        top.set_title(title, fontsize="medium", loc="left")
        bins = table["right"] - table["left"]
        bottom.bar(table["left"], table["n"], width=bins * 0.94, align="edge", color=FAINT)
        bottom.set_ylim(0, most * 1.08)
        share_axis(bottom, "x")
        bottom.set_xlabel(labels[0])
        if column == 0:
            top.set_ylabel(labels[1])
            bottom.set_ylabel("images")
        for ax in (top, bottom):
            bare(ax)
    return figure
