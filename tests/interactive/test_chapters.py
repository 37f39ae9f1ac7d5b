"""Cells for the student who sits there leave no trace in the report: their code is hidden."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest

from helpers.core import CHAPTERS
from helpers.report.cells import HIDDEN_TAGS

_CALLS = re.compile(r"\b(predict_first|touch_\w+)\(|\bbeside\(")
_SHOWN = re.compile(r"\brun\.(figure|table|say)\(")
_DEFINED = re.compile(r"^(from|import|def) ", re.MULTILINE)


def problem(cell: Any) -> str:
    """What a code cell breaks of the rule."""
    if cell.cell_type != "code" or not _CALLS.search(cell.source) or _DEFINED.search(cell.source):
        return ""
    if not HIDDEN_TAGS & set(cell.metadata.get("tags", [])):
        return "is for the student alone: give it the tag hide-input"
    return "shows something to all readers: move that to another cell" * bool(
        _SHOWN.search(cell.source)
    )


@pytest.mark.parametrize("path", sorted(CHAPTERS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_cells_for_the_student_are_hidden_in_the_report(path: Any) -> None:
    """Each carries the tag, and does nothing else."""
    cells = nbformat.read(path, as_version=4).cells
    found = {cell["id"]: problem(cell) for cell in cells if problem(cell)}
    assert not found, f"{path.name}: {found}"


@pytest.mark.parametrize(
    ("source", "tags", "words"),
    [
        ('guess = predict_first(run, "06.recall", "Which?")', [], "hide-input"),
        ("guess.beside(1)", [], "hide-input"),
        ("touch_threshold(run, test)", ["hide-input"], ""),
        ('run.figure(fig, "x")\ntouch_threshold(run, test)', ["hide-input"], "another cell"),
        ("from helpers.interactive import touch_threshold", [], ""),
        ('run.figure(thresholds(test), "x")', [], ""),
    ],
)
def test_the_rule_finds_what_breaks_it(source: str, tags: list[str], words: str) -> None:
    """By a call without the tag, and by one that stands beside a figure."""
    found = problem(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
    assert words in found and bool(found) == bool(words)
