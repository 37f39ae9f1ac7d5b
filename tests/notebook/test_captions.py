"""Captions beside a chapter: found, checked, filled in, and shown with figures and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers.core.errors import ConfigError
from helpers.core.paths import CHAPTERS, captions_path
from helpers.notebook import run as run_module
from helpers.notebook.captions import FOLDER_VARIABLE, captions_of, read_captions
from helpers.notebook.opening import open_run
from helpers.notebook.run import Run
from helpers.statistics.intervals import Estimate

TEXT = """
figures:
  curves:
    caption: >-
      Curves of
      {{ model }}, {{ 0.5 | fmt(".0%") }}.
    alt: A curve.
tables:
  scores:
    caption: Scores of {{ model }}.
    columns: {auc: AUC}
    formats: {AUC: ".0%", p: small, "*": ".1f"}
  strange:
    caption: Strange.
    columns: {gone: Gone}
  partly:
    caption: Partly.
    columns: {a: A, gone: Gone}
    optional: [gone]
  unwritten:
    caption: Unwritten.
    formats: {a: nothing_there}
"""


@pytest.fixture
def run(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A user's own chapter elsewhere, with captions, in a notebook of this process."""
    captions = captions_path(tmp_path / "77_own.ipynb")
    captions.parent.mkdir()
    captions.write_text(TEXT, encoding="utf-8")
    monkeypatch.setenv("DERMBOOK_CHAPTER", "77_own")
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell.instance()
    shell.user_ns |= {"model": "VGG16", "small": lambda value: f"<{value}"}
    yield open_run("smoke", tiny_folder, folder=tmp_path / "run")
    InteractiveShell.clear_instance()


def test_a_figure_has_its_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one line, filled in from the notebook; what the call gives comes first."""
    given: list[tuple[str, str]] = []
    monkeypatch.setattr(
        run_module, "show_figure", lambda fig, stem, *words, **_: given.append(words)
    )
    fig = plt.figure()
    run.figure(fig, "curves")
    run.figure(fig, "curves", alt="Other.")
    plt.close(fig)
    assert given == [("Curves of VGG16, 50%.", "A curve."), ("Curves of VGG16, 50%.", "Other.")]


def test_a_table_has_titles_and_formats(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Intervals stay, a function of the notebook may write a column, "*" the other numbers."""
    table = pd.DataFrame(
        {"name": ["a"], "auc": [Estimate(0.7, 0.6, 0.8, 9)], "p": [0.3], "n": [2.25]}
    )
    run.table(table, "scores")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[-2:] == [["name", "AUC", "p", "n"], ["a", "70%", "[60%,", "80%]", "<0.3", "2.2"]]
    saved = pd.read_csv(run.folder / "tables" / "77_own-scores.csv")
    assert list(saved) == ["name", "AUC", "p", "n"]


def test_a_column_may_be_absent(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the captions say that not every source has it, such as one without masks."""
    run.table(pd.DataFrame({"a": [1]}), "partly")
    assert capsys.readouterr().out.split()[-2:] == ["A", "1"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "expected an entry 'absent' under 'tables' but it has scores, strange"),
        ("strange", "titles for columns it does not have: ['gone']"),
        ("unwritten", "table 'unwritten': expected a format such as '.1%' for the column 'a'"),
    ],
)
def test_a_wrong_entry_is_told(run: Run, name: str, message: str) -> None:
    """Nothing is shown with words or formats that are not there."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        run.table(pd.DataFrame({"a": [1]}), name)
    assert not (run.folder / "tables").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("captions: {}", "'captions' is neither 'figures' nor 'tables'"),
        ("figures: [a]", "'figures' has no names with captions"),
        ("figures: {a: Words}", "figure 'a': expected alt and caption but got 'Words'"),
        ("figures: {a: {caption: Words}}", "figure 'a': expected a text as alt but got None"),
        (
            "tables: {a: {caption: W, alt: W}}",
            "'alt' is none of caption, columns, formats, optional",
        ),
        ("tables: {a: {caption: W, formats: {b: 2}}}", "expected formats to give a text for each"),
        (
            "tables: {a: {caption: W, optional: [b]}}",
            "expected optional to list some of its columns",
        ),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, message: str) -> None:
    """When the file is read, whatever is shown later."""
    path = tmp_path / "01_a.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_captions(path)


def test_where_captions_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the chapter that the runner names; else here, or among the book's own."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    book = captions_of("06_confusion_matrix")
    assert (
        book.path == CHAPTERS / "captions" / "06_confusion_matrix.yml" and "curves" in book.figures
    )
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    alone = captions_of("06_confusion_matrix")
    assert alone.path.parent.parent == tmp_path and alone.figures == {}
    with pytest.raises(ConfigError, match="but there is no such file; write it"):
        alone.figure("curves")
    with pytest.raises(ConfigError, match="say which chapter this is"):
        captions_of("interactive").figure("curves")
