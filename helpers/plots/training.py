"""Plots of trials: learning curves, scores beside published ones, and what training costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from helpers.plots.axes import (
    FAINT,
    INK,
    SERIES,
    axes_or_new,
    bare,
    beside_row,
    draw_interval,
    name_rows,
    new_figure,
)

_CURVES = {
    "loss": ("loss", "val_loss"),
    "accuracy": ("accuracy", "val_accuracy"),
    "balanced accuracy": (None, "val_balanced_accuracy"),
}
_MARKERS = ("o", "s", "^", "v", "P", "X")


def learning_curves(histories: Mapping[str, pd.DataFrame], n_columns: int = 4) -> Figure:
    """Draw loss and accuracy of several trials over their epochs.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        By the trial's title, one row an epoch: ``stage``, ``loss``, ``val_loss``,
        ``accuracy``, ``val_accuracy`` and, where it was kept, ``val_balanced_accuracy``.
    n_columns : int, default=4
        Trials side by side; more continue below.

    Returns
    -------
    Figure
        A column a trial, rows of common scale. Solid is validation, dashed is training; a
        vertical line marks where a stage ends. Epochs count on over the stages.

    Raises
    ------
    ValueError
        If there is no history, or one has no epoch.
    """
    empty = [title for title, history in histories.items() if history.empty]
    if not histories or empty:
        raise ValueError(
            f"expected the epochs of one trial or more but got none for "
            f"{', '.join(empty) or 'any'}; train it first"
        )
    titles = list(histories)
    names = [name for name, (_, column) in _CURVES.items() if _any_has(histories, column)]
    n_columns = min(n_columns, len(titles))
    n_bands = -(-len(titles) // n_columns)
    figure = new_figure(1.45 * len(names) * n_bands + 0.45)
    axes = figure.subplots(len(names) * n_bands, n_columns, squeeze=False)
    for position, title in enumerate(titles):
        band, column = divmod(position, n_columns)
        for row, name in enumerate(names):
            ax = axes[band * len(names) + row, column]
            _curve(ax, histories[title], name, SERIES[position % len(SERIES)])
            if row == 0:
                ax.set_title(title, fontsize="medium")
            if column == 0:
                ax.set_ylabel(name)
            if row == len(names) - 1:
                ax.set_xlabel("epoch")
            else:
                ax.tick_params(labelbottom=False)
    for ax in axes[-len(names) :, len(titles) - (n_bands - 1) * n_columns :].ravel():
        ax.set_axis_off()
    for row, name in enumerate(names):
        shown = [ax for ax in axes[row :: len(names)].ravel() if ax.axison]
        _one_scale(shown, bounded=name != "loss")
        for ax in (a for a in axes[row :: len(names), 1:].ravel() if a.axison):
            ax.tick_params(labelleft=False)
    handles = [
        Line2D([], [], color=INK, label="validation"),
        Line2D([], [], color=INK, linestyle="--", alpha=0.6, label="training"),
    ]
    if any(history["stage"].nunique() > 1 for history in histories.values()):
        line = Line2D([], [], color=INK, linestyle=":", label="next stage begins")
        handles.append(line)
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _any_has(histories: Mapping[str, pd.DataFrame], column: str) -> bool:
    return any(column in h.columns and h[column].notna().any() for h in histories.values())


def _curve(ax: Axes, history: pd.DataFrame, name: str, colour: str) -> None:
    epoch = np.arange(1, len(history) + 1)
    marker = "o" if len(history) < 4 else None  # a line of one epoch would not show
    training, validation = _CURVES[name]
    if training in history.columns:
        style: dict[str, Any] = {"linestyle": "--", "linewidth": 1.1, "alpha": 0.65}
        ax.plot(epoch, history[training], color=colour, marker=marker, markersize=2.5, **style)
    if validation in history.columns:
        ax.plot(epoch, history[validation], color=colour, marker=marker, markersize=3)
    stage = history["stage"].to_numpy()
    for boundary in np.flatnonzero(stage[1:] != stage[:-1]):
        ax.axvline(boundary + 1.5, color=INK, linestyle=":", linewidth=1)
    ax.set_xlim(0.5, len(history) + 0.5)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    bare(ax)


def _one_scale(axes: list[Axes], bounded: bool) -> None:
    low = min(ax.get_ylim()[0] for ax in axes)
    high = max(ax.get_ylim()[1] for ax in axes)
    for ax in axes:
        ax.set_ylim(max(low, 0), min(high, 1.02) if bounded else high)


def log_beside_trainings(log: pd.DataFrame, histories: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw a published training log over trainings that might have written it.

    Parameters
    ----------
    log : DataFrame
        A row an epoch: ``epoch``, ``accuracy`` and ``val_accuracy``, in [0, 1].
    histories : mapping of str to DataFrame
        Trainings by their titles, with the same columns; at most six.

    Returns
    -------
    Figure
        Accuracy on training and on validation images side by side on one scale. The log is
        diamonds on a dashed line.
    """
    figure = new_figure(2.6)
    axes = figure.subplots(1, 2, sharey=True, squeeze=False)[0]
    for ax, column, title in zip(
        axes, ("accuracy", "val_accuracy"), ("training", "validation"), strict=True
    ):
        for (name, history), colour, marker in zip(
            histories.items(), SERIES, _MARKERS, strict=False
        ):
            epochs = np.arange(1, len(history) + 1)
            ax.plot(epochs, history[column], f"{marker}-", color=colour, markersize=4, label=name)
        style: dict[str, Any] = {"markerfacecolor": "none", "markersize": 6, "linewidth": 1}
        ax.plot(log["epoch"], log[column], "D--", color=INK, label="published log", **style)
        ax.set_title(f"{title} images", fontsize="medium")
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        bare(ax)
    axes[0].set_ylabel("accuracy")
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=len(histories) + 1,
        frameon=False,
    )
    return figure


def score_bars(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    published: Mapping[str, float] | None = None,
    chance: float | None = None,
    xlabel: str = "",
) -> Axes:
    """Draw the scores of several models as points with their intervals.

    Parameters
    ----------
    table : DataFrame
        As of ``helpers.evaluation.score_table``: ``model``, ``label`` (of the score),
        ``value``, ``low``, ``high``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.
    published : mapping of str to float or None, default=None
        Published value of a model's first score, drawn as an open diamond; a model that is
        not in the table is left out.
    chance : float or None, default=None
        What guessing reaches, drawn as a dashed line.
    xlabel : str, default=""
        Label of the axis; "" takes the score's label where there is only one.

    Returns
    -------
    Axes
        Models by row in the table's order, each score in its colour and marker.
    """
    models, scores = list(dict.fromkeys(table["model"])), list(dict.fromkeys(table["label"]))
    published = {model: value for model, value in (published or {}).items() if model in models}
    ax = axes_or_new(ax, max(0.16 * len(scores) + 0.22, 0.4) * len(models) + 0.85)
    offsets = (np.arange(len(scores)) - (len(scores) - 1) / 2) * 0.6 / max(len(scores), 1)
    for _, score in table.iterrows():
        index, row = scores.index(score["label"]), models.index(score["model"])
        y, colour = row + offsets[index], SERIES[index % len(SERIES)]
        draw_interval(ax, y, score["low"], score["high"], colour, linewidth=2)
        marker, label = _MARKERS[index % len(_MARKERS)], score["label"] if row == 0 else None
        ax.plot(score["value"], y, marker, color=colour, markersize=6, label=label)
        beside_row(ax, y, f"{score['value']:.2f}", colour)
    for count, (model, value) in enumerate(published.items()):
        label = f"published {scores[0][0].lower()}{scores[0][1:]}" if count == 0 else None
        style: dict[str, Any] = {"markerfacecolor": "none", "markersize": 7}
        ax.plot(value, models.index(model) + offsets[0], "D", color=INK, label=label, **style)
    ax.margins(x=0.06)
    if chance is not None:
        ax.axvline(chance, color=INK, linestyle="--", linewidth=1, label="chance")
    for row in range(1, len(models)):
        ax.axhline(row - 0.5, color=FAINT, linewidth=0.5)
    name_rows(ax, models)
    ax.set_xlabel(xlabel or (scores[0] if len(scores) == 1 else "score"))
    bare(ax)
    handles, names = ax.get_legend_handles_labels()
    if len(names) > 1:
        ax.legend(
            handles,
            names,
            loc="lower right",  # long names of models leave room on the left
            bbox_to_anchor=(1, 1),
            ncols=min(3, len(names)),
            frameon=False,
            columnspacing=1.4,
            handletextpad=0.4,
        )
    return ax


def cost_bars(costs: pd.DataFrame) -> Figure:
    """Draw what each model costs, one panel a quantity.

    Parameters
    ----------
    costs : DataFrame of shape (n_models, n_quantities)
        Models by row; each column one quantity, its name carrying the unit, as in
        ``"seconds an epoch"``.

    Returns
    -------
    Figure
        Horizontal bars that begin at 0, each with its number.
    """
    n_models, n_quantities = costs.shape
    figure = new_figure(0.3 * n_models + 0.65)
    axes = figure.subplots(1, n_quantities, sharey=True, squeeze=False)[0]
    for index, (ax, column) in enumerate(zip(axes, costs.columns, strict=True)):
        values = costs[column].to_numpy(dtype=float)
        ax.barh(range(n_models), np.nan_to_num(values), height=0.65, color=SERIES[index % 6])
        for row, value in enumerate(values):
            text = " not measured" if np.isnan(value) else f" {_short(value)}"
            ax.text(np.nan_to_num(value), row, text, va="center", fontsize="small")
        ax.set_xlim(0, max(float(np.nanmax(np.append(values, 0))), 1e-9) * 1.45)
        ax.set_title(str(column), fontsize="small", loc="left")
        ax.set_xticks([])
        name_rows(ax, [str(model) for model in costs.index])
        bare(ax, "top", "right", "bottom")
    return figure


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
