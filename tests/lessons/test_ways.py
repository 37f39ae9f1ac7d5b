"""Ways through the book: tables made from what the chapters say of themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helpers.core import ConfigError
from helpers.lessons import ways
from helpers.lessons.ways import (
    chapter_table,
    chapters_to_read,
    minutes_of,
    numbers_left_out,
    way_table,
)
from helpers.notebook import chapters as chapters_module
from helpers.notebook.chapters import Chapter, find_chapters


def _chapter(name: str, minutes: str = "15/20/1", **options: object) -> Chapter:
    return Chapter(name, Path(f"{name}.ipynb"), name[3:].capitalize(), minutes=minutes, **options)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> list[Chapter]:
    """A start page and three chapters, the last of which needs the second."""
    chapters = [
        _chapter("00_start", "5/1"),
        _chapter("01_a", aim="We begin."),
        _chapter("02_b", "30/25/4", builds_on=("01_a",)),
        _chapter("03_c", "20/1", needs=("02_b",), builds_on=("02_b", "01_a")),
    ]
    monkeypatch.setattr(ways, "find_chapters", lambda: chapters)
    return chapters[1:]


def test_minutes_of_three_kinds() -> None:
    """To read, for exercises, if a chapter has any, and to run; none where none are said."""
    assert list(minutes_of(_chapter("01_a")).values()) == [15, 20, 1]
    assert list(minutes_of(_chapter("01_a", "15/1")).values()) == [15, 0, 1]
    assert list(minutes_of(_chapter("01_a", "")).values()) == [0, 0, 0]


def test_a_row_a_chapter(book: list[Chapter]) -> None:
    """Number and title, aim, what it builds on in order, minutes."""
    table = chapter_table(book)
    assert table["chapter"].tolist() == ["1 A", "2 B", "3 C"]
    assert table["builds on"].tolist() == ["–", "1", "1, 2"]
    assert table.loc[0, "gives"] == "We begin."
    assert table.loc[1, ["reading", "exercises", "running"]].tolist() == [30, 25, 4]


def test_a_way_is_the_sum_of_its_chapters(book: list[Chapter]) -> None:
    """Without what is only needed, the start page, and chapters that do not suit the diagnoses."""
    table = way_table(book, {"All": "all", "One": "03"})
    assert table["chapters"].tolist() == ["1 to 3", "3"]
    assert table["reading"].tolist() == [65, 20]
    assert table["hours"].tolist() == pytest.approx([116 / 60, 21 / 60])
    assert way_table(book[:1], {"All": "all", "None": "03"})["chapters"].tolist() == ["1"]
    with pytest.raises(ConfigError, match="no such chapter"):
        way_table(book, {"Lost": "77"})


def test_the_start_page_tells_of_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is in the table with what a reader can do after it; others suit other diagnoses."""
    chapters = chapters_to_read()
    assert [c.name for c in chapters] == [c.name for c in find_chapters()][1:]
    assert all(c.aim and len(c.objectives) >= 3 and minutes_of(c)["reading"] for c in chapters)
    monkeypatch.setattr(chapters_module, "CLASSES", ("bcc", "mel", "nv", "scc"))
    suited = chapters_to_read()
    assert {c.number for c in suited} < {c.number for c in chapters}
    assert numbers_left_out(chapters) == "" and "12" in numbers_left_out(suited).split(", ")


def test_an_overview_changes_with_every_chapter(tmp_path: Path) -> None:
    """Its digest does, and that of no other chapter."""
    from helpers.report.inputs import chapter_digests

    for name in ("00_start", "01_a"):
        (tmp_path / f"{name}.ipynb").write_text(name)
    plain = [replace(_chapter(n), path=tmp_path / f"{n}.ipynb") for n in ("00_start", "01_a")]
    both = [replace(plain[0], overview=True), plain[1]]
    before = chapter_digests(both, {}, "shared"), chapter_digests(plain, {}, "shared")
    (tmp_path / "02_b.ipynb").write_text("new")
    after = chapter_digests(both, {}, "shared"), chapter_digests(plain, {}, "shared")
    assert before[0]["00_start"] != after[0]["00_start"]
    assert before[0]["01_a"] == after[0]["01_a"] and before[1] == after[1]
