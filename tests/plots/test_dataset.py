"""Plots of a data set show the counts that they were given."""

from __future__ import annotations

import pytest
from support.plotted import counts, make_catalogue, texts

from helpers import plots


def test_class_counts_add_up() -> None:
    """The bars' lengths and the written sums are the table's counts."""
    table = counts(make_catalogue())
    ax = plots.class_counts(table)
    drawn = sum(patch.get_width() for patch in ax.patches)  # type: ignore[attr-defined]
    assert drawn == table.to_numpy().sum()
    assert any(text.startswith(f"{table['nv'].sum():,} = ") for text in texts(ax))


def test_share_bars_fill_their_rows() -> None:
    """Each row of shares ends at 100 %, with n beside it."""
    catalogue = make_catalogue()
    ax = plots.sex_bars(catalogue)
    ends = [patch.get_x() + patch.get_width() for patch in ax.patches]  # type: ignore[attr-defined]
    assert max(ends) == pytest.approx(1)
    assert sum(1 for end in ends if end == pytest.approx(1)) >= 7
    assert f"n = {(catalogue['dx'] == 'nv').sum():,}" in texts(ax)


def test_unknown_values_are_drawn_too() -> None:
    """A sex outside the known ones is shown and not dropped."""
    catalogue = make_catalogue()
    catalogue.loc[:50, "sex"] = "other"
    ax = plots.sex_bars(catalogue)
    assert "other" in ax.get_legend_handles_labels()[1]


def test_cohorts_need_a_dataset() -> None:
    """Without the dataset column's values there is an error and not an empty plot."""
    with pytest.raises(ValueError, match="8-column"):
        plots.cohort_shortcut(make_catalogue().assign(dataset=""))


def test_split_table_names_differences() -> None:
    """Cells say how far they are from the published counts, with a proper minus sign."""
    table = counts(make_catalogue())
    published = table.copy()
    published.loc["test", "mel"] += 1
    written = texts(plots.split_table(table, published))
    assert written.count(f"{table.loc['test', 'mel']:,}\n\N{MINUS SIGN}1") == 1
    assert sum("as published" in text for text in written) == table.size - 1
