"""Every chapter has the fixed shape; a bad chapter is found, with its cell."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import nbformat
import pytest
from support.chapter_shape import problems_of

from helpers.core import CHAPTERS as CHAPTERS_FOLDER

CHAPTERS = sorted(CHAPTERS_FOLDER.glob("*.ipynb"))
CORE = {"01", "02", "04", "05", "06", "07", "11"}


def test_core_chapters_are_there() -> None:
    """The seven chapters of the course report exist."""
    assert {path.name[:2] for path in CHAPTERS} >= CORE


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_has_the_shape(path: Path) -> None:
    """Title, objectives, imports, parameters, prose between short cells, exercises, references."""
    assert problems_of(path) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_rooms_have_what_a_chapter_takes_from_them(path: Path) -> None:
    """Each name imported from a room, and each attribute of a room that is used by its name."""
    cells = nbformat.read(path, as_version=4).cells
    tree = ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    rooms: dict[str, str] = {}
    taken: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "helpers":
            rooms |= {name.asname or name.name: f"helpers.{name.name}" for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers."):
            taken += [(node.module or "", name.name) for name in node.names]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            room = rooms.get(node.value.id)
            taken += [(room, node.attr)] if room else []
    assert taken
    for room, name in taken:
        assert name in importlib.import_module(room).__all__, (room, name)


def bad_chapter(tmp_path: Path, change: str) -> Path:
    """A good chapter with one thing broken."""
    source = next(path for path in CHAPTERS if path.stem == "06_confusion_matrix")
    notebook = nbformat.read(source, as_version=4)
    if change == "outputs":
        notebook.cells[3]["outputs"] = [nbformat.v4.new_output("stream", text="x")]
    elif change == "parameter":
        notebook.cells[2]["source"] += "\ncolour = 'red'"
    elif change == "objectives":
        notebook.cells[0]["source"] = "# Title\n\nNothing else."
    elif change == "imports":
        notebook.cells[1]["source"] += "\nprint(1)"
    elif change == "long":
        notebook.cells[4] = nbformat.v4.new_code_cell("\n".join(f"x{i} = {i}" for i in range(30)))
    elif change == "caption":
        notebook.cells[4] = nbformat.v4.new_code_cell("run.figure(fig, 'name')")
    elif change == "needs":
        notebook["metadata"]["dermbook"]["needs"] = ["04_augmentation_trials"]
    elif change == "later":
        opening = notebook.cells[0]
        opening["source"] = opening["source"].replace("01_disease_overview", "99_worse")
    elif change == "ending":
        for cell in notebook.cells:
            cell["source"] = cell["source"].replace("## References", "### References")
    path = tmp_path / "99_bad.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("outputs", "Cell 3, line 1: expected no outputs"),
        ("parameter", "Cell 2, line 1: expected the parameters"),
        ("objectives", "Cell 0, line 1: expected **Objectives**"),
        ("imports", "Cell 1, line 1: expected imports"),
        ("long", "Cell 4, line 1: 30 lines"),
        ("caption", "Cell 4, line 1: run.figure needs"),
        ("needs", "Cell 0, line 1: expected the results of ['04_augmentation_trials']"),
        ("later", "Cell 0, line 1: chapter 1 is not 99_worse"),
        ("ending", "expected to end in"),
    ],
)
def test_bad_chapter_is_found(change: str, message: str, tmp_path: Path) -> None:
    """Each broken rule is reported with its cell: the test above can fail."""
    found = problems_of(bad_chapter(tmp_path, change))
    assert any(message in problem for problem in found), found
