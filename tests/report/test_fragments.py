"""Executed notebooks become numbered chapters, or one error that names every cell at fault."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from nbformat import v4
from support.report_notebooks import (
    code,
    figure,
    markdown,
    printed,
    shown_markdown,
    write_chapter,
    write_notebook,
)

from helpers.core.errors import ReportError
from helpers.report.cells import Code, Prose, Text, clean_text, read_chapters
from helpers.report.fragments import build_sections
from helpers.report.pandoc import parse_all, plain_text, walk
from helpers.report.parts import Heading, NumberedFigure, NumberedTable, Passage, Section
from helpers.report.tables import fit_table


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> list[Section]:
    """Two chapters, parsed and numbered."""
    folder = tmp_path_factory.mktemp("chapters")
    paths = [
        write_chapter(folder, "01_diseases", "The diseases"),
        write_chapter(folder, "04_augmentation"),
    ]
    return build_sections(read_chapters(paths))


def test_chapters_keep_the_number_of_their_file(sections: list[Section]) -> None:
    """The file's number counts, and is stripped from the title."""
    assert [section.chapter.number for section in sections] == [1, 4]
    assert [plain_text(section.title) for section in sections] == ["The diseases", "Augmentation"]


def test_headings_figures_and_tables_are_numbered_by_chapter(sections: list[Section]) -> None:
    """Numbers start anew in each chapter; a table without caption has none."""
    parts = sections[1].parts
    headings = [(p.number, p.level) for p in parts if isinstance(p, Heading)]
    assert headings == [("4.1", 2), ("4.1.1", 3), ("4.2", 2)]
    assert [p.number for p in parts if isinstance(p, NumberedFigure)] == ["4.1", "4.2"]
    assert [p.number for p in parts if isinstance(p, NumberedTable)] == ["4.1", "4.2", ""]


def test_links_lead_to_chapters_and_headings_or_nowhere(sections: list[Section]) -> None:
    """Links to a chapter of the report and to a heading hold; to anything else they are text."""
    passage = next(p for p in sections[1].parts if isinstance(p, Passage))
    text = str(passage.blocks)
    assert "#chapter-1" in text and "gone.ipynb" not in text and "'nothing'" in text
    assert f"#{sections[1].anchors['try-it']}" in text


def test_footnotes_of_two_chapters_do_not_meet(sections: list[Section]) -> None:
    """Two chapters may both call a footnote 1."""
    for section in sections:
        assert "'Note'" in str([p.blocks for p in section.parts if isinstance(p, Passage)])


def test_hidden_code_is_absent_and_output_stays(tmp_path: Path) -> None:
    """``hide-input`` hides a cell's code always, ``hide`` hides all code but no output."""
    path = write_chapter(tmp_path)
    shown, hidden = (read_chapters([path], how)[0].blocks for how in ("show", "hide"))
    assert not any(isinstance(b, Code) and "secret" in b.text for b in shown)
    assert any(isinstance(b, Code) and b.parameters for b in shown)
    assert not any(isinstance(b, Code) for b in hidden)
    assert [b for b in hidden if isinstance(b, Text)] == [b for b in shown if isinstance(b, Text)]


def test_code_that_a_chapter_is_about_stays(tmp_path: Path) -> None:
    """``show-input`` keeps a cell's code where all other code is hidden."""
    cells = code("x = 1", tags=("show-input",)), code("y = 2")
    path = write_notebook(tmp_path / "03_first.ipynb", markdown("# First"), *cells)
    blocks = read_chapters([path], "hide")[0].blocks
    assert [block.text for block in blocks if isinstance(block, Code)] == ["x = 1"]


def test_what_is_folded_is_not_printed(tmp_path: Path) -> None:
    """Sentences and folded code show what they say and not their source, whatever is asked for."""
    folded = code("y = 2", printed("two"))
    folded.metadata["jupyter"] = {"source_hidden": True}
    told = code("%%say\nIt is {{ x }}.", shown_markdown("It is 1."))
    path = write_notebook(tmp_path / "03_a.ipynb", markdown("# A"), code("x = 1"), folded, told)
    chapter = read_chapters([path], "show")[0]
    assert [block.text for block in chapter.blocks if isinstance(block, Code)] == ["x = 1"]
    texts = [block.text for block in chapter.blocks if isinstance(block, Prose | Text)]
    assert texts == ["# A", "two", "It is 1."]
    assert chapter.where(3) == "03_a.ipynb, cell 3 ('It is {{ x }}.')"


def test_text_output_is_clean(tmp_path: Path) -> None:
    """No colours, no progress bars, no standard error."""
    blocks = read_chapters([write_chapter(tmp_path)])[0].blocks
    text = next(block.text for block in blocks if isinstance(block, Text))
    assert text.startswith("trial one\nword word") and "warning" not in text
    assert clean_text("\x1b]0;title\x07a\tb\x08") == "a   b"


def test_every_fault_is_reported_with_chapter_and_cell(tmp_path: Path) -> None:
    """A traceback, a cell that never ran and a lost figure are all in one error."""
    error = v4.new_output("error", ename="ValueError", evalue="no lesions", traceback=["..."])
    path = write_notebook(
        tmp_path / "06_confusion.ipynb",
        markdown("# Confusion"),
        code("good()", printed("fine")),
        code("bad()", error),
        code("never()", count=None),
        code("lost()", figure(tmp_path / "gone.svg")),
    )
    with pytest.raises(ReportError) as caught:
        read_chapters([path, tmp_path / "07_missing.ipynb"])
    message = str(caught.value)
    for piece in (
        "06_confusion.ipynb, cell 2 ('bad()'): shows a traceback, ValueError: no lesions",
        "06_confusion.ipynb, cell 3 ('never()'): was not executed",
        "06_confusion.ipynb, cell 4 ('lost()'): unresolved picture",
        "07_missing.ipynb: not a notebook",
        "4 problems",
    ):
        assert piece in message
    assert "good()" not in message


@pytest.mark.parametrize(
    "text",
    [
        "![x](gone.png)",
        "![x](attachment:gone.png)",
        "![x](https://example.org/a.png)",
        "<img src='lesion.png'>",
    ],
)
def test_prose_with_an_unresolved_picture_fails(tmp_path: Path, text: str) -> None:
    """Pictures that are not files of the chapter are named with their cell."""
    path = write_notebook(tmp_path / "01_a.ipynb", markdown("# A"), markdown(text))
    with pytest.raises(ReportError, match=r"01_a\.ipynb, cell 1 .*unresolved picture"):
        build_sections(read_chapters([path]))


def test_open_fence_does_not_swallow_what_follows() -> None:
    """A fragment that is never closed leaves the next one as it is."""
    parsed = parse_all(["<!--", "```\nopen", "# Next"])
    assert parsed[2][0]["t"] == "Header"


def test_bare_latex_environments_are_formulas(tmp_path: Path) -> None:
    """JupyterLab shows them without dollar signs, and so does the report."""
    text = "\\begin{align}a &= b\\end{align}"
    path = write_notebook(tmp_path / "a.ipynb", markdown("# A"), markdown(text))
    chapters = read_chapters([path])
    assert isinstance(chapters[0].blocks[1], Prose)
    assert "DisplayMath" in str(build_sections(chapters)[0].parts)


def test_tables_fit_the_page(sections: list[Section]) -> None:
    """A wide table gets column widths that fill the page; numbers are aligned to the right."""
    wide, long, _ = (p for p in sections[1].parts if isinstance(p, NumberedTable))
    columns = fit_table(wide.table, 16).table["c"][2]
    widths = [width["c"] for _, width in columns]
    assert sum(widths) == pytest.approx(1, abs=0.01) and min(widths) > 0.05
    assert [a["t"] for a, _ in columns] == ["AlignLeft", *["AlignRight"] * 8]
    fitted = fit_table(long.table, 16)
    assert fitted.size == 9 and not fitted.short
    assert [a["t"] for a, _ in fitted.table["c"][2]] == ["AlignLeft", "AlignRight"]


def test_a_tree_is_copied_where_it_changes_alone() -> None:
    """What `walk` is given stays as it was, and what has not changed is shared."""
    words = [{"t": "Str", "c": "a"}, {"t": "Space"}, {"t": "Str", "c": "b"}]
    tree = [{"t": "Para", "c": words}, {"t": "Para", "c": [{"t": "Str", "c": "c"}]}]
    before = copy.deepcopy(tree)

    def change(node: dict[str, Any]) -> list[dict[str, Any]] | None:
        return [{"t": "Str", "c": "x"}, {"t": "Str", "c": "y"}] if node.get("c") == "a" else None

    changed = walk(tree, change)
    assert tree == before
    assert plain_text(changed[0]) == "xy b" and changed[1] is tree[1]
    assert walk(tree, lambda node: None) is tree
    assert walk(tree, lambda node: [] if node["t"] == "Para" else None) == []
