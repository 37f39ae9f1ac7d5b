"""Plots of a catalogue: counts, ages, sexes, sites, lesions, cohorts, and what a split leaks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.core import CLASSES, COLOURS
from helpers.plots.axes import (
    FAINT,
    INK,
    SPLIT_COLOURS,
    WIDTH,
    axes_or_new,
    bare,
    beside_row,
    draw_interval,
    heat_table,
    legend_above,
    name_rows,
    share_axis,
    stacked_bars,
    stacked_shares,
)
from helpers.statistics import wilson


def _present(catalogue: pd.DataFrame) -> list[str]:
    return [dx for dx in CLASSES if dx in set(catalogue["dx"])]


def _in_order(counts: pd.DataFrame) -> pd.DataFrame:
    """Counts by split and class, both in the order of all plots."""
    splits = [split for split in SPLIT_COLOURS if split in counts.index]
    return counts.loc[splits, [dx for dx in CLASSES if dx in counts.columns]].astype(int)


def class_counts(
    counts: pd.DataFrame, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None
) -> Axes:
    """Draw the images of each class as a bar divided by split, with every number.

    Parameters
    ----------
    counts : DataFrame of int of shape (n_splits, n_classes)
        Images by split (row) and class (column), as of
        ``pd.crosstab(catalogue["split"], catalogue["dx"])``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.
    labels : mapping of str to str or None, default=None
        Text of a class where it is not its code.

    Returns
    -------
    Axes
    """
    ax = axes_or_new(ax, 0.34 * len(counts.columns) + 0.8)
    table = _in_order(counts)
    stacked_bars(ax, table.T, SPLIT_COLOURS, labels)
    totals = table.sum()
    for row, (dx, total) in enumerate(totals.items()):
        parts = " + ".join(f"{n:,}" for n in table[dx])
        beside_row(ax, row, f"{total:,} = {parts}" if len(table) > 1 else f"{total:,}")
    ax.set_xlim(0, max(totals.max(), 1) * 1.02)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("images")
    bare(ax)
    legend_above(ax, len(table))
    return ax


def split_table(
    counts: pd.DataFrame, published: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the counts by split and class as a table shaded by each split's share of the class.

    Parameters
    ----------
    counts : DataFrame of int of shape (n_splits, n_classes)
        Images by split and class.
    published : DataFrame of int of shape (n_splits, n_classes) or None, default=None
        Counts to compare with: each cell then also says how far it is from them.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
    """
    table = _in_order(counts)
    texts = table.map("{:,}".format)
    if published is not None:
        far = (table - published.loc[table.index, table.columns]).astype(int)
        texts += "\n" + far.map(lambda n: f"{n:+,}".replace("-", "\N{MINUS SIGN}"))
        texts = texts.mask(far == 0, table.map("{:,}\nas published".format))
    ax = axes_or_new(ax, 0.5 * len(table) + 0.5)
    heat_table(ax, table / table.sum(), texts, fontsize="small")
    return ax


def age_histograms(catalogue: pd.DataFrame, width: int = 5) -> Figure:
    """Draw the ages of each class as small histograms on common axes.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx`` and ``age`` in years, NaN where missing.
    width : int, default=5
        Years a bar; HAM10000 gives ages in steps of 5.

    Returns
    -------
    Figure
        One panel a class, bars as shares of the class, the median marked, the number of missing
        ages written in it.
    """
    classes = _present(catalogue)
    n_columns = min(4, len(classes))
    grid = sns.displot(
        catalogue, x="age", col="dx", hue="dx", col_wrap=n_columns, col_order=classes,
        hue_order=classes, palette=COLOURS, stat="probability", common_norm=False,
        bins=np.arange(0, 91 + width, width) - width / 2, alpha=1, linewidth=0, legend=False,
    )  # fmt: skip
    grid.set_titles("")
    for dx, ax in grid.axes_dict.items():
        age = catalogue.loc[catalogue["dx"] == dx, "age"]
        if age.notna().any():
            ax.axvline(age.median(), ymax=0.76, color=INK, linewidth=1)
            text = f"median {age.median():.0f}"
            if age.isna().any():
                text += f"\n{age.isna().sum()} unknown"
            ax.text(0.04, 0.97, text, transform=ax.transAxes, fontsize="x-small", va="top")
        ax.set_title(f"{dx}, n = {len(age):,}", fontsize="small", loc="left")
    share_axis(ax, "y", ax.get_ylim()[1] * 1.3)  # all panels have this axis
    grid.set(xticks=[0, 30, 60, 90], xlabel="", ylabel="")
    figure: Figure = grid.figure
    figure.set_size_inches(WIDTH, 1.45 * -(-len(classes) // n_columns) + 0.3)
    figure.set_layout_engine("constrained")
    figure.supxlabel("age (years)", fontsize="medium")
    figure.supylabel("share of the class", fontsize="medium")
    return figure


def sex_bars(catalogue: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the sexes of each class's images as shares.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx`` and ``sex`` (female, male, unknown).
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
    """
    colours = {"female": "#8E7CB8", "male": "#B9C99B", "unknown": FAINT}
    return _share_bars(catalogue, "dx", "sex", colours, ax)


def dx_type_bars(catalogue: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how the diagnoses of each class were made, as shares of its images.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx`` and ``dx_type`` (histo, follow_up, consensus, confocal).
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
    """
    colours = {"histo": "#123A63", "consensus": "#8FAACB", "confocal": "#7D7468"}
    colours["follow_up"] = "#E9D8A6"
    return _share_bars(catalogue, "dx", "dx_type", colours, ax)


def cohort_shortcut(catalogue: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the diagnoses in each data set (clinic and camera) as shares of its images.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx`` and ``dataset``; rows whose ``dataset`` is "" are left out.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If no row has a ``dataset``.
    """
    known = catalogue[catalogue["dataset"] != ""]
    if known.empty:
        raise ValueError(
            "expected a dataset in some rows but all are empty; the 8-column metadata has them"
        )
    return _share_bars(known, "dataset", "dx", COLOURS, ax)


def images_per_lesion(catalogue: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many lesions of each class have one, two, three or more images.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx`` and ``lesion_id``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        Shares of lesions; n counts lesions.
    """
    lesions = catalogue.groupby("lesion_id").agg(dx=("dx", "first"), n=("dx", "size"))
    names = {1: "1 image", 2: "2 images", 3: "3 images"}
    lesions["images"] = lesions["n"].map(names).fillna("4 or more")
    colours = {"1 image": "#D6DEE9", "2 images": "#8FAACB", "3 images": "#3F6EA3"}
    return _share_bars(lesions, "dx", "images", colours | {"4 or more": "#123A63"}, ax)


def localization_heatmap(catalogue: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw where on the body each class was photographed, as shares of the class.

    Parameters
    ----------
    catalogue : DataFrame
        With ``dx`` and ``localization``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        Sites by row, the most frequent on top and unknown at the bottom; each column adds up
        to 100 %.
    """
    classes = _present(catalogue)
    counts = pd.crosstab(catalogue["localization"], catalogue["dx"])[classes]
    frequent = counts.sum(axis=1).sort_values(ascending=False, kind="stable").index
    sites = [s for s in frequent if s != "unknown"] + [s for s in frequent if s == "unknown"]
    totals = counts.sum()
    shares = (counts / totals).loc[sites]
    shares.columns = [f"{dx}\nn = {n:,}" for dx, n in totals.items()]
    texts = shares.map(lambda share: f"{share:.0%}" if share >= 0.005 else "")
    ax = axes_or_new(ax, 0.235 * len(sites) + 0.5)
    top = max(float(shares.to_numpy().max()), 0.01)
    heat_table(ax, shares, texts, limits=(0, top), fontsize="x-small")
    return ax


def leakage_bars(leakage: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of test images whose lesion is also in train.

    Parameters
    ----------
    leakage : DataFrame
        Indexed by class and "all": ``n_test``, ``n_leaked``, ``share``, as of
        ``helpers.dataset.splits.leakage``.
    ax : Axes or None, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
        With Wilson intervals: what other draws of the split would give.
    """
    ax = axes_or_new(ax, 0.3 * len(leakage) + 0.5)
    right = 0.0
    for row, (dx, values) in enumerate(leakage.iterrows()):
        estimate = wilson(float(values["n_leaked"]), float(values["n_test"]))
        if not np.isfinite(estimate.value):
            continue
        colour = COLOURS.get(str(dx), INK)
        ax.barh(row, estimate.value, height=0.7, color=colour, alpha=0.85, linewidth=0)
        draw_interval(ax, row, estimate.low, estimate.high, INK)
        text = f"{estimate.value:.0%}  ({int(values['n_leaked']):,} of {int(values['n_test']):,})"
        ax.text(estimate.high + 0.01, row, text, va="center", fontsize="small")
        right = max(right, estimate.high)
    name_rows(ax, [str(dx) for dx in leakage.index])
    share_axis(ax, "x", min(1.3, max(0.1, right) * 1.35))
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= 1.0001])
    share_axis(ax, "x", min(1.3, max(0.1, right) * 1.35))
    ax.set_xlabel("test images whose lesion is also in train")
    bare(ax)
    return ax


def _share_bars(
    table: pd.DataFrame, by: str, of: str, colours: Mapping[str, str], ax: Axes | None
) -> Axes:
    """Shares of the values of column ``of`` for each value of column ``by``."""
    others = set(table[of].map(str)) - set(colours)
    colours = {**colours, **dict.fromkeys(sorted(others), FAINT)}
    counts = pd.crosstab(table[by], table[of])
    columns = [key for key in colours if key in counts.columns]
    if by == "dx":
        counts = counts.loc[[dx for dx in CLASSES if dx in counts.index]]
    counts = counts[columns]
    n = counts.sum(axis=1)
    ax = axes_or_new(ax, 0.3 * len(counts) + 0.75)
    stacked_shares(ax, counts.div(n, axis=0), colours, counts=n)
    legend_above(ax, len(columns))
    return ax
