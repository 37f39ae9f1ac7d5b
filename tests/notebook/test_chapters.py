"""Chapters are found in order, and chosen together with what they need."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.small_chapters import write_chapter

from helpers.core.errors import ConfigError
from helpers.notebook import chapters as chapters_module
from helpers.notebook.chapters import find_chapters, read_chapter, select_chapters, suited_chapters
from helpers.report.execution import ALONE_TAG


@pytest.fixture
def book(tmp_path):
    """Four chapters and files that are none."""
    write_chapter(tmp_path, "05_model", ["1"])
    write_chapter(tmp_path, "01_start", ["1"])
    write_chapter(tmp_path, "07_maps", ["1"], needs=["05_model"])
    write_chapter(tmp_path, "09_more", ["1"], needs=["07_maps"], core=False)
    write_chapter(tmp_path, "Untitled", ["1"])
    (tmp_path / "02_notes.md").write_text("no chapter")
    return tmp_path


def _names(chapters):
    return [chapter.name for chapter in chapters]


def test_chapters_are_found_in_order(book):
    """By number; other files are left alone; title and minutes come from the first cell."""
    chapters = find_chapters(book)
    assert _names(chapters) == ["01_start", "05_model", "07_maps", "09_more"]
    assert (chapters[0].title, chapters[0].minutes, chapters[0].number) == ("Chapter 01", "5", "01")
    assert chapters[2].needs == ("05_model",)


def test_a_chapter_says_of_itself(tmp_path):
    """Aim, objectives, what it builds on and minutes come from the first cell."""
    path = write_chapter(tmp_path, "02_next", ["1"])
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["source"] = (
        "# Next\n\nWe go on.\n\n**Objectives**\n\n- See.\n- Do.\n\n"
        "**Builds on:** the results of [chapter 1](01_start.ipynb); [a page](https://a.b).\n\n"
        "**Time:** 15 minutes to read, 20 for the exercises, 1 minute to run in `quick`."
    )
    path.write_text(json.dumps(notebook))
    chapter = read_chapter(path)
    assert (chapter.aim, chapter.objectives) == ("We go on.", ("See.", "Do."))
    assert (chapter.builds_on, chapter.minutes) == (("01_start",), "15/20/1")


def test_core_and_all(book):
    """Core leaves out what is not core."""
    chapters = find_chapters(book)
    assert _names(select_chapters(chapters, "core")[0]) == ["01_start", "05_model", "07_maps"]
    assert len(select_chapters(chapters, "all")[0]) == 4


def test_a_selection_brings_what_it_needs(book):
    """Over several steps, and it is said which were added."""
    chosen, added = select_chapters(find_chapters(book), "9, 01_start")
    assert _names(chosen) == ["01_start", "05_model", "07_maps", "09_more"]
    assert _names(added) == ["05_model", "07_maps"]


@pytest.mark.parametrize("selection", ["03", "core,01", "01,nonsense"])
def test_unknown_chapters_are_refused(book, selection):
    """The error lists the chapters that there are."""
    with pytest.raises(ConfigError, match="no such chapter; choose .* 01_start"):
        select_chapters(find_chapters(book), selection)


def test_an_empty_selection_is_refused(book):
    """A run of nothing must not pass for a report."""
    with pytest.raises(ConfigError, match="at least one chapter"):
        select_chapters(find_chapters(book), " , ")


def test_all_problems_of_a_book_are_named_at_once(book):
    """Two of one number, a need that comes later, a need that does not exist."""
    write_chapter(book, "01_again", ["1"])
    write_chapter(book, "03_early", ["1"], needs=["05_model", "00_nowhere"])
    with pytest.raises(ConfigError) as caught:
        find_chapters(book)
    for part in ("01_start has the number of 01_again", "needs '05_model'", "needs '00_nowhere'"):
        assert part in str(caught.value)


def test_no_chapters_and_no_notebook(tmp_path):
    """An empty folder and a broken file are errors that name them."""
    with pytest.raises(ConfigError, match="found none"):
        find_chapters(tmp_path)
    (tmp_path / "01_broken.ipynb").write_text("{")
    with pytest.raises(ConfigError, match=r"01_broken.ipynb: expected a Jupyter notebook"):
        find_chapters(tmp_path)


def test_a_flag_is_true_or_false(tmp_path):
    """Anything else is refused by name."""
    path = write_chapter(tmp_path, "01_own", ["1"])
    path.write_text(path.read_text().replace('"core": true', '"core": true, "ham10000": "yes"'))
    with pytest.raises(ConfigError, match="ham10000 to be true or false but got 'yes'"):
        find_chapters(tmp_path)


def test_the_cell_that_measures_times_is_executed_alone():
    """In the book it is that of the chapter on deployment with the times of single images."""
    timed = [
        (chapter.name, "".join(cell["source"]).partition("(")[0])
        for chapter in find_chapters()
        for cell in json.loads(chapter.path.read_text())["cells"]
        if ALONE_TAG in cell["metadata"].get("tags", [])
    ]
    assert timed == [("10_deployment", "times = latency_table")]


def test_chapters_about_ham10000_are_left_out_for_other_diagnoses(tmp_path, monkeypatch):
    """And those that need them; with the seven, none is."""
    paths = [write_chapter(tmp_path, name, ["1"]) for name in ("01_a", "02_b")]
    write_chapter(tmp_path, "03_c", ["1"], needs=["01_a"])
    first = tmp_path / "01_a.ipynb"
    content = json.loads(first.read_text())
    content["metadata"].setdefault("dermbook", {})["ham10000"] = True
    first.write_text(json.dumps(content))
    chapters = find_chapters(tmp_path)
    assert len(paths) == 2 and suited_chapters(chapters) == (chapters, [])
    monkeypatch.setattr(chapters_module, "CLASSES", ("mel", "nv"))
    suited, left_out = suited_chapters(chapters)
    assert [chapter.name for chapter in suited] == ["02_b"]
    about = replace(chapters[1], classes=("nv", "df"))
    assert suited_chapters([about]) == ([], [about])
    assert [chapter.name for chapter in left_out] == ["01_a", "03_c"]


def test_the_book_with_two_other_classes(monkeypatch):
    """What draws lesions of the seven, or speaks of them, is left out; the rest runs."""
    monkeypatch.setattr(chapters_module, "CLASSES", ("benign", "malignant"))
    suited, _ = suited_chapters(find_chapters())
    assert [chapter.number for chapter in suited] == ["00", "04", "05", "07"]
