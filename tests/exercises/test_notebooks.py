"""Notebooks of exercises: generated from solutions, in step with them, and of one shape."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from support.chapter_shape import PARAMETERS, _assigned_names

from helpers.core import CHAPTERS, ConfigError
from helpers.exercises.notebooks import SOLUTIONS, out_of_step, student_notebook, write_exercises
from helpers.exercises.registry import chapters_with_exercises, exercises_of, quiz_of

NOTEBOOKS = sorted(SOLUTIONS.glob("*.ipynb"))


def solution(*cells: tuple[str, str]) -> nbformat.NotebookNode:
    """A notebook of cells by tag: "", "solution" or "teacher"."""
    made = []
    for tag, source in cells:
        cell = new_code_cell(source)
        cell.metadata["tags"] = [tag] if tag else []
        made.append(cell)
    return new_notebook(cells=made)


def test_a_solution_becomes_names_to_write_to() -> None:
    """Only those that the next check takes; functions keep their heads."""
    notebook = solution(
        ("solution", "x = 1\nshare = x / 2"),
        ("", 'check("06.1", share)'),
        ("solution", 'def f(a, b=2):\n    """Tell."""\n    return a\n\nother = 3'),
        ("", 'check("06.2", f)'),
        ("solution", "low, high = 1, 2"),
        ("", 'check("06.3", {"low": low, "high": high})'),
    )
    texts = [cell.source for cell in student_notebook(notebook).cells]
    assert texts[0] == "# Write your answer here.\nshare = ..."
    assert texts[2] == '# Write your answer here.\ndef f(a, b=2):\n    """Tell."""\n    ...'
    assert texts[4] == "# Write your answer here.\nlow = ...\nhigh = ..."


def test_marked_lines_become_one_and_teachers_cells_go() -> None:
    """With their indentation; ids stay, outputs do not."""
    text = "def f(x):\n    # <solution>\n    y = x\n    return y\n    # </solution>\nf(1)"
    notebook = solution(("", text), ("teacher", "secret"))
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="1")]
    notebook.cells.append(new_markdown_cell("Read."))
    made = student_notebook(notebook)
    assert [cell.source for cell in made.cells] == ["def f(x):\n    ...\nf(1)", "Read."]
    assert made.cells[0].id == notebook.cells[0].id
    assert made.cells[0].outputs == []
    assert "secret" not in nbformat.writes(made)


@pytest.mark.parametrize(
    "cells",
    [
        (("", "# <solution>\nx = 1"),),
        (("", "x = 1\n# </solution>"),),
        (("solution", "x = 1"), ("", 'check("06.1", y)')),
    ],
)
def test_a_mark_that_is_wrong_is_told(cells: tuple[tuple[str, str], ...]) -> None:
    """With its cell: not closed, not opened, no name that is checked."""
    with pytest.raises(ConfigError, match="cell 0"):
        student_notebook(solution(*cells))


def test_writing_brings_into_step(tmp_path: Path) -> None:
    """What is missing, changed or left over is named, then written or removed."""
    folders = [tmp_path / name for name in ("solutions", "exercises", "quizzes")]
    solutions, exercises, quizzes = folders
    for folder in folders:
        folder.mkdir()
    notebook = solution(("solution", "x = 1"), ("", 'check("06.1", x)'))
    nbformat.write(notebook, solutions / "06_a.ipynb")
    (exercises / "07_b.ipynb").write_text("{}")
    assert out_of_step(*folders) == ["exercises/06_a.ipynb", "exercises/07_b.ipynb"]
    write_exercises(*folders)
    assert out_of_step(*folders) == []
    assert [path.name for path in exercises.iterdir()] == ["06_a.ipynb"]
    (quizzes / "06_a.yml").write_text(QUIZ)
    assert out_of_step(*folders) == ["exercises/06_a.ipynb", "solutions/06_a.ipynb"]
    write_exercises(*folders)
    solved, asked = (nbformat.read(f / "06_a.ipynb", as_version=4) for f in folders[:2])
    assert 'check("06.q1", "b")' in {cell.source for cell in solved.cells}
    assert 'check("06.q1", ...)' in {cell.source for cell in asked.cells}
    assert "Not b at all" in nbformat.writes(solved)
    assert "Not b at all" not in nbformat.writes(asked)
    (quizzes / "06_a.yml").write_text(QUIZ.replace("title", "titel"))
    with pytest.raises(ConfigError, match=r"06_a\.yml: question 1: 'titel'"):
        out_of_step(*folders)
    (quizzes / "06_a.yml").unlink()
    write_exercises(*folders)
    assert "Quiz" not in (solutions / "06_a.ipynb").read_text()


QUIZ = """
questions:
  - title: Small
    question: Which?
    choices:
      - {text: A., because: Not b at all.}
      - {text: B., right: true}
    hints: [one, two, three]
    shows: Well seen.
"""


def test_a_quiz_is_cells_for_students_and_for_teachers() -> None:
    """Where the run decides, solutions ask it; students get dots in place of the answer."""
    path = SOLUTIONS / "06_confusion_matrix.ipynb"
    solved = nbformat.read(path, as_version=4)
    of_quiz = [cell for cell in solved.cells if "quiz" in cell.metadata.get("tags", [])]
    assert of_quiz[0].source.startswith("## Quiz\n")
    code = [cell.source for cell in of_quiz if cell.cell_type == "code"]
    assert 'check("06.q2", right_choices("06.q2"))' in code[1]
    student = [cell for cell in student_notebook(solved).cells if cell.id.startswith("quiz06")]
    assert [cell.source for cell in student if cell.cell_type == "code"] == [
        f'check("06.q{n}", ...)' for n in range(1, len(code) + 1)
    ]
    assert not any("For teachers" in cell.source for cell in student)


def test_exercises_are_in_step_with_their_solutions() -> None:
    """`dermbook exercises --write` has nothing to do; the list names what is out of step."""
    assert out_of_step() == []


def test_every_chapter_with_exercises_has_its_notebook() -> None:
    """Named as the chapter's, and the other way round."""
    assert [path.name[:2] for path in NOTEBOOKS] == chapters_with_exercises()
    assert all((CHAPTERS / path.name).is_file() for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_solutions_have_the_shape(path: Path) -> None:
    """Title, imports, parameters, the run; a text, a cell to write in and a check for each."""
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].source.startswith("# ")
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells)
    assert "parameters" in cells[2].metadata["tags"]
    assert _assigned_names(cells[2].source) == PARAMETERS
    assert "open_run(" in cells[3].source
    source = "\n".join(cell.source for cell in cells)
    wanted = [exercise.id for exercise in exercises_of(path.name[:2])]
    wanted_of_quiz = [question.id for question in quiz_of(path.name[:2])]
    asked = re.findall(r'^check\("([\d.q]+)", ', source, flags=re.M)
    assert asked == wanted + wanted_of_quiz
    assert re.findall(r"^## ([\d.]+) ", source, flags=re.M) == wanted
    assert 4 <= len(wanted) <= 6


@pytest.mark.parametrize("chapter", chapters_with_exercises())
def test_exercises_are_declared_in_full(chapter: str) -> None:
    """Ids count from 1; three hints; three mistakes; from reading to changing."""
    exercises = exercises_of(chapter)
    assert [one.id for one in exercises] == [f"{chapter}.{n + 1}" for n in range(len(exercises))]
    assert len({one.kind for one in exercises}) >= 3
    for one in exercises:
        assert len(set(one.hints)) == 3, one.id
        assert len({mistake.name for mistake in one.mistakes}) >= 3, one.id
        assert one.shows.endswith("."), one.id
