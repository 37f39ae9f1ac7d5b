"""Every chapter has the fixed shape; a bad chapter is found, with its cell."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import nbformat
import pytest
from support.chapter_prose import python_of
from support.chapter_shape import problems_of, visible_lines

from helpers.core import CHAPTERS as CHAPTERS_FOLDER
from helpers.core import captions_path

CHAPTERS = sorted(CHAPTERS_FOLDER.glob("*.ipynb"))
CORE = {"00", "01", "02", "04", "05", "06", "07", "11"}

MOST_VISIBLE = 1750
"""Lines of code that a reader sees in all chapters."""


def test_core_chapters_are_there() -> None:
    """The start page and the seven chapters of the course report exist."""
    assert {path.name[:2] for path in CHAPTERS} >= CORE


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_has_the_shape(path: Path) -> None:
    """Title, objectives, imports, parameters, prose between short cells, exercises, references."""
    assert problems_of(path) == []


def test_what_is_in_sight_is_the_experiment() -> None:
    """All chapters together show little code, and hardly a line of it builds a sentence."""
    counts = {path.stem: visible_lines(path) for path in CHAPTERS}
    n_lines, n_telling = (sum(numbers) for numbers in zip(*counts.values(), strict=True))
    assert n_lines <= MOST_VISIBLE, counts
    assert n_telling <= n_lines / 10, counts


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_rooms_have_what_a_chapter_takes_from_them(path: Path) -> None:
    """Each name imported from a room, and each attribute of a room that is used by its name."""
    cells = nbformat.read(path, as_version=4).cells
    tree = ast.parse("\n".join(python_of(cell) for cell in cells))
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
    notebook.cells = [c for c in notebook.cells if "notice" not in c["metadata"].get("tags", [])]
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
        notebook.cells[4] = nbformat.v4.new_code_cell("run.figure(run, 'name')")
    elif change == "needs":
        notebook["metadata"]["dermbook"]["needs"] = ["04_augmentation_trials"]
    elif change == "later":
        opening = notebook.cells[0]
        opening["source"] = opening["source"].replace("01_disease_overview", "99_worse")
    elif change == "dynamic":
        notebook.cells[4] = nbformat.v4.new_code_cell("run.table(run, f'name {run}')")
    elif change == "caption name":
        notebook.cells[4] = nbformat.v4.new_code_cell("run.table(run, 'unshown')")
    elif change == "said":
        notebook.cells[4] = nbformat.v4.new_code_cell("run.say('Words.')")
    elif change == "name":
        notebook.cells[4] = said("Of {{ gone }} images")
    elif change == "syntax":
        notebook.cells[4] = said("{% iff %}")
    elif change == "unfolded":
        notebook.cells[4] = said("Words.")
        del notebook.cells[4].metadata["jupyter"]
    elif change == "untagged":
        notebook.cells[4] = said("Words.")
        notebook.cells[4].metadata["tags"] = []
    elif change == "key":
        notebook.cells[4:6] = [
            said('{{ 1 | quote("n_wrong") }}'),
            said('{{ 2 | quote("n_wrong") }}'),
        ]
    elif change == "import":
        notebook.cells[1]["source"] += "\nimport os"
    elif change == "ending":
        for cell in notebook.cells:
            cell["source"] = cell["source"].replace("## References", "### References")
    path = tmp_path / "99_bad.ipynb"
    nbformat.write(notebook, path)
    if change in CAPTIONS:
        captions_path(path).parent.mkdir()
        captions_path(path).write_text(CAPTIONS[change], encoding="utf-8")
    return path


CAPTIONS = {
    "unused": "tables: {unshown: {caption: Words.}}",
    "unknown": "figures: {name: {caption: Words., alt: Words., colour: red}}",
    "caption name": "tables: {unshown: {caption: 'Of {{ gone }} images'}}",
}


def said(text: str) -> nbformat.NotebookNode:
    """A cell of sentences."""
    metadata = {"tags": ["prose"], "jupyter": {"source_hidden": True}}
    return nbformat.v4.new_code_cell(f"%%say\n{text}", metadata=metadata)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("outputs", "Cell 3, line 1: expected no outputs"),
        ("parameter", "Cell 2, line 1: expected the parameters"),
        ("objectives", "Cell 0, line 1: expected **Objectives**"),
        ("imports", "Cell 1, line 1: expected imports"),
        ("long", "Cell 4, line 1: 30 lines"),
        ("needs", "Cell 0, line 1: expected the results of ['04_augmentation_trials']"),
        ("later", "Cell 0, line 1: chapter 1 is not 99_worse"),
        ("exercises", "expected \"Try it\" to link to [], got ['06_confusion_matrix.ipynb']"),
        ("said", "Cell 4, line 1: run.say in sight"),
        ("caption", "99_bad.yml has no figure 'name'"),
        ("dynamic", "run.table needs a name typed in the call"),
        ("unused", "99_bad.yml: no cell shows the table 'unshown'"),
        ("unknown", "'colour' is none of alt, caption"),
        ("name", "Cell 4 ('Of {{ gone }} images'): no cell before it defines 'gone'"),
        ("caption name", "99_bad.yml, table 'unshown': no cell before it defines 'gone'"),
        ("syntax", "line 1: Encountered unknown tag 'iff'"),
        ("unfolded", "expected to be folded"),
        ("untagged", "expected the tag `prose`"),
        ("key", "the key 'n_wrong' is quoted in 2 cells"),
        ("import", "imported and used nowhere: os"),
        ("ending", "expected to end in"),
    ],
)
def test_bad_chapter_is_found(change: str, message: str, tmp_path: Path) -> None:
    """Each broken rule is reported with its cell: the test above can fail."""
    found = problems_of(bad_chapter(tmp_path, change))
    assert any(message in problem for problem in found), found
