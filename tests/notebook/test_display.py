"""Figures, tables and prose as a chapter displays them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from helpers.notebook import display as shown
from helpers.notebook.display import show_figure, show_table
from helpers.notebook.marks import FIGURE_MIME, TABLE_MIME
from helpers.plots.style import use_style
from helpers.statistics.intervals import Estimate


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Bundles that the calls of a test display."""
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw=False: seen.append(data))
    return seen


@pytest.fixture(scope="module", autouse=True)
def style(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The book's style, with its fonts cut into a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch, matplotlib.rc_context():
        patch.setenv("DERMBOOK_HOME", str(tmp_path_factory.mktemp("home")))
        use_style()
        yield


def curve() -> Any:
    """A small plot with a Chinese label."""
    figure, ax = plt.subplots(figsize=(3, 2))
    ax.plot([1, 2, 3])
    ax.set_xlabel("黑色素瘤 mel")
    return figure


def test_style_has_a_font_for_every_class_name(
    recwarn: pytest.WarningsRecorder,
) -> None:
    """A Chinese class name is drawn without a missing glyph."""
    figure = curve()
    figure.canvas.draw()
    plt.close(figure)
    assert not [str(w.message) for w in recwarn if "missing" in str(w.message)]


def test_same_plot_gives_the_same_bytes(tmp_path: Path, outputs: list[dict[str, Any]]) -> None:
    """A plot saved twice is one file: no date and no random names in it."""
    files = [show_figure(curve(), tmp_path / name, "A.", "b") for name in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert not plt.get_fignums()


@pytest.mark.parametrize(("kind", "suffix"), [("plot", ".svg"), ("photo", ".png")])
def test_figure_displays_file_caption_and_alt(
    tmp_path: Path, outputs: list[dict[str, Any]], kind: str, suffix: str
) -> None:
    """The bundle names the file and carries caption, alternative text and kind."""
    path = show_figure(curve(), tmp_path / "curve", "A <b> curve.", 'a "line"', kind=kind)
    assert path == (tmp_path / f"curve{suffix}").resolve()
    bundle = outputs[0][FIGURE_MIME]
    assert bundle["path"] == str(path) and bundle["kind"] == kind and bundle["name"] == "curve"
    assert bundle["width"] == pytest.approx(7.62)
    assert "A &lt;b&gt; curve." in outputs[0]["text/html"]
    assert 'alt="a &quot;line&quot;"' in outputs[0]["text/html"]


def test_code_in_a_caption_is_code_in_jupyterlab(
    tmp_path: Path, outputs: list[dict[str, Any]]
) -> None:
    """Of a figure and of a table; the report reads the Markdown itself."""
    show_figure(curve(), tmp_path / "curve", "What `fit` gives.", "a line")
    show_table(pd.DataFrame({"n": [1]}), "t", "What `a < b` gives.")
    assert "What <code>fit</code> gives." in outputs[0]["text/html"]
    assert "What <code>a &lt; b</code> gives." in outputs[1]["text/html"]
    assert outputs[1][TABLE_MIME]["caption"] == "What `a < b` gives."


@pytest.mark.parametrize("kind", ["plot", "photo"])
def test_drawn_figures_carry_a_mark(
    tmp_path: Path, outputs: list[dict[str, Any]], kind: str
) -> None:
    """A picture of a drawn sample is higher by the mark's strip, and its caption says drawn."""
    plain = show_figure(curve(), tmp_path / "plain", "A.", "b", kind=kind)
    drawn = show_figure(curve(), tmp_path / "drawn", "A.", "b", kind=kind, drawn=True)
    assert outputs[1][FIGURE_MIME]["caption"] == "A. Drawn sample."
    if kind == "plot":
        assert 'height="144pt"' in plain.read_text() and 'height="156pt"' in drawn.read_text()
    else:
        before, after = (np.asarray(Image.open(path).convert("L")) for path in (plain, drawn))
        strip = after[before.shape[0] :]
        assert strip.shape[0] == 33 and strip.min() < 160 and strip[:, :100].min() == 255
        assert (after[: before.shape[0]] == before).all()


def test_figure_needs_caption_and_alt(tmp_path: Path) -> None:
    """A figure without alternative text is refused, and nothing is written."""
    with pytest.raises(ValueError, match="expected an alternative text"):
        show_figure(curve(), tmp_path / "x", "A.", " ")
    with pytest.raises(ValueError, match="'plot' or 'photo'"):
        show_figure(curve(), tmp_path / "x", "A.", "b", kind="sketch")
    plt.close("all")
    assert not list(tmp_path.iterdir())


def test_table_writes_exact_values_and_shows_rounded_ones(
    tmp_path: Path, outputs: list[dict[str, Any]]
) -> None:
    """The CSV keeps full precision; the page shows formats, and a dash for what is missing."""
    table = pd.DataFrame({"dx": ["mel", "nv"], "n": [1113, 6705], "recall": [1 / 3, np.nan]})
    show_table(table, "recall", "Recall & n.", formats={"recall": "{:.1%}"}, folder=tmp_path)
    again = pd.read_csv(tmp_path / "recall.csv")
    assert again["recall"][0] == 1 / 3
    page = outputs[0]["text/html"]
    for piece in ("33.3%", "6,705", "–", "Recall &amp; n."):
        assert piece in page
    assert 'text-align: right">6,705' in page and 'text-align: left">mel' in page
    assert outputs[0][TABLE_MIME] == {"caption": "Recall & n.", "name": "recall"}


def test_table_shows_its_index_on_demand(outputs: list[dict[str, Any]]) -> None:
    """Row names become header cells of their rows."""
    table = pd.DataFrame({("n", "train"): [1]}, index=pd.Index(["mel"], name="dx"))
    show_table(table, "t", "C.", index=True)
    assert '<th scope="row" style="text-align: left">mel</th>' in outputs[0]["text/html"]
    assert "n, train" in outputs[0]["text/html"]


def test_estimates_keep_their_interval(outputs: list[dict[str, Any]]) -> None:
    """With two decimals unless told otherwise; "*" writes all numbers that have no other format."""
    score = Estimate(0.7, 0.61, 0.8, 9)
    none = Estimate(float("nan"), float("nan"), float("nan"), 0)
    table = pd.DataFrame({"dx": ["mel", "nv"], "plain": [score, none], "found": [score, none]})
    table["share"], table["times"], table["sure"] = [0.25, 1.0], [2.5, 3.25], [True, False]
    show_table(table, "t", "C.", formats={"*": ".0%", "times": "{:.1f} x", "plain": ".1f"})
    page = outputs[0]["text/html"]
    for piece in (">0.7 [0.6, 0.8]<", ">70% [61%, 80%]<", ">25%<", ">2.5 x<", ">yes<", ">mel<"):
        assert piece in page
    assert page.count('right">–<') == 2
    assert shown.format_value(score) == "0.70 [0.61, 0.80]"


def test_table_refuses_a_format_for_no_column() -> None:
    """A misspelt column in the formats is an error, not a silent default."""
    with pytest.raises(ValueError, match="recal"):
        show_table(pd.DataFrame({"recall": [1.0]}), "t", "C.", formats={"recal": ".1f"})


def test_numbers_with_intervals_are_numbers() -> None:
    """Texts such as '0.76 [0.70, 0.81]' are aligned like numbers, names are not."""
    assert shown._is_numeric(pd.Series(["0.76 [0.70, 0.81], n = 120", None, "12 %"]))
    assert not shown._is_numeric(pd.Series(["0.76", "mel"]))
