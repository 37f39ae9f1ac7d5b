"""What plots share: bars, tables of colour, labels, ink."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from support.plotted import texts

from helpers.core.classes import COLOURS, NAMES, NAMES_ZH
from helpers.plots.axes import SHARES, heat_table, ink_on, stacked_bars, text_units, wrapped


def test_bars_lie_in_the_order_of_their_columns() -> None:
    """The first column begins at 0, the next where it ends; NaN has no length."""
    table = pd.DataFrame({"nv": [2.0, np.nan], "df": [1, 3]}, index=["a", "b"])
    _, ax = plt.subplots()
    stacked_bars(ax, table, COLOURS)
    drawn = {
        bars.get_label(): [(bar.get_x(), bar.get_width()) for bar in bars] for bars in ax.containers
    }
    assert drawn == {"nv": [(0, 2), (0, 0)], "df": [(2, 1), (0, 3)]}
    colours = [bars[0].get_facecolor() for bars in ax.containers]
    assert colours == [mpl.colors.to_rgba(COLOURS[dx]) for dx in table.columns]


def test_heat_tables_are_read_from_the_top_left() -> None:
    """Cells have the colours of their values, NaN that of 0, and texts the ink for them."""
    table = pd.DataFrame([[0.0, 1.0], [np.nan, 0.5]], index=["a", "b"], columns=["x", "y"])
    _, ax = plt.subplots()
    heat_table(ax, table, [["1", "2"], ["3", "4"]])
    assert texts(ax) == ["1", "2", "3", "4"]
    assert [text.get_position() for text in ax.texts[:3]] == [(0.5, 0.5), (1.5, 0.5), (0.5, 1.5)]
    assert [text.get_color() for text in ax.texts] == ["black", "white", "black", "black"]
    colours = ax.collections[0].get_facecolor()
    assert np.allclose(colours, SHARES([0, 1.0, 0, 0.5]))
    assert ax.yaxis_inverted()


def test_labels_wrap_and_measure_chinese() -> None:
    """A Chinese character is two units wide, and labels break at words or characters."""
    assert text_units(NAMES_ZH["mel"]) == 8
    for name in (*NAMES.values(), *NAMES_ZH.values()):
        broken = wrapped(name, 12)
        assert text_units(broken) <= 14  # "Dermatofibroma" is one word
        assert broken.replace("\n", "").replace(" ", "") == name.replace(" ", "")


def test_ink_reads_on_every_class_colour() -> None:
    """Text on a class's colour has a contrast of at least 4 to 1."""

    def luminance(colour: Any) -> float:
        rgb = np.array(mpl.colors.to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for colour in COLOURS.values():
        pair = sorted([luminance(colour), luminance(ink_on(colour))])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) > 4, colour
