"""``exercises/NN_topic.ipynb`` from ``solutions/NN_topic.ipynb``, and the quiz in both."""

from __future__ import annotations

import ast
import copy
from pathlib import Path
from typing import Any

from helpers.core import ROOT, ConfigError, atomic_file
from helpers.exercises import quiz_cells
from helpers.exercises.quizzes import QUIZZES, quiz_path, read_quiz

SOLUTIONS, EXERCISES = ROOT / "solutions", ROOT / "exercises"
BEGIN, END = "# <solution>", "# </solution>"
PROMPT = "# Write your answer here."
INDENT = "    "


def student_notebook(solution: Any) -> Any:
    """A notebook without its solutions.

    Parameters
    ----------
    solution : NotebookNode
        Cells with the tag ``solution`` become empty ones to write in, with the names that the next
        ``check`` takes; lines between ``# <solution>`` and ``# </solution>`` become ``...``; cells
        with the tag ``teacher`` are left out. A question of the quiz keeps its check, with dots in
        place of the answer. All others stay, with their ids.

    Returns
    -------
    NotebookNode
        Without outputs.

    Raises
    ------
    ConfigError
        With the cell, if a mark is not closed, or a solution binds no name that is checked.
    """
    student = copy.deepcopy(solution)
    student.cells = []
    for number, cell in enumerate(solution.cells):
        tags = cell.metadata.get("tags", [])
        if "teacher" in tags:
            continue
        made = copy.deepcopy(cell)
        if made.cell_type == "code":
            made.outputs, made.execution_count = [], None
            if "solution" in tags:
                made.source = _empty(cell.source, _checked_names(solution.cells[number + 1 :]))
                made.metadata["tags"] = ["answer", *(tag for tag in tags if tag != "solution")]
                if made.source == PROMPT:
                    raise ConfigError(
                        f"cell {number}: expected a solution that gives a name to what the next "
                        "check(...) takes"
                    )
            elif quiz_cells.TAG in tags:
                made.source = quiz_cells.without_answer(cell.source)
            else:
                made.source = _without_marked(cell.source, number)
        student.cells.append(made)
    return student


def _checked_names(later: list[Any]) -> set[str]:
    """Names in the first later ``check(...)``."""
    for cell in later:
        if cell.cell_type == "code" and "check(" in cell.source:
            tree = ast.parse(cell.source)
            return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return set()


def _empty(source: str, names: set[str]) -> str:
    """What is left of a solution: a line for each name that is checked."""
    lines = [PROMPT]
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            head = source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
            told = ast.get_docstring(node)
            lines += ["", ""] if len(lines) > 1 else []
            lines += head
            lines += [f'{INDENT}"""{told}"""'] if told else []
            lines.append(f"{INDENT}...")
        else:
            lines += [f"{name} = ..." for name in _bound(node) if name in names]
    return "\n".join(dict.fromkeys(lines) if "" not in lines else lines)


def _bound(node: ast.stmt) -> list[str]:
    """Names that a statement gives a value."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [
        part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)
    ]


def _without_marked(source: str, number: int) -> str:
    """A cell's source, each part between marks as one line ``...`` of its indentation."""
    lines: list[str] = []
    inside = False
    for line in source.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END):
            if (mark == BEGIN) == inside:
                raise ConfigError(f"cell {number}: expected {BEGIN} and {END} in turns")
            inside = not inside
            if inside:
                lines.append(line[: len(line) - len(line.lstrip())] + "...")
        elif not inside:
            lines.append(line)
    if inside:
        raise ConfigError(f"cell {number}: expected {END} after {BEGIN}")
    return "\n".join(lines)


def _text(notebook: Any) -> str:
    import nbformat  # takes seconds, and `check` needs none of it

    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def _generated(solutions: Path, exercises: Path, quizzes: Path) -> dict[Path, str]:
    """Text of each notebook: solutions with the quiz as it stands in its file, and exercises."""
    import nbformat

    texts = {}
    for path in sorted(solutions.glob("*.ipynb")):
        quiz = quiz_path(path.name[:2], quizzes)
        try:
            questions = read_quiz(quiz) if quiz else ()
            solved = quiz_cells.with_quiz(nbformat.read(path, as_version=4), questions)
            texts[path] = _text(solved)
            texts[exercises / path.name] = _text(student_notebook(solved))
        except (ConfigError, SyntaxError) as error:
            raise ConfigError(f"{path}: {error}") from error
    return texts


def write_exercises(
    solutions: Path = SOLUTIONS, exercises: Path = EXERCISES, quizzes: Path = QUIZZES
) -> list[Path]:
    """Generate the notebooks of exercises, and the quiz of the solutions, that are out of step.

    Parameters
    ----------
    solutions, exercises, quizzes : Path
        The three folders.

    Returns
    -------
    list of Path
        What was written or removed.

    Raises
    ------
    ConfigError
        If a solution or a quiz cannot be read as one.
    """
    texts = _generated(solutions, exercises, quizzes)
    changed = _unlike(texts, exercises)
    for path in changed:
        if path not in texts:
            path.unlink()
            continue
        with atomic_file(path) as temporary:
            temporary.write_text(texts[path], encoding="utf-8")
    return changed


def out_of_step(
    solutions: Path = SOLUTIONS, exercises: Path = EXERCISES, quizzes: Path = QUIZZES
) -> list[str]:
    """Notebooks that are not what solutions and quizzes give, by folder and name."""
    unlike = _unlike(_generated(solutions, exercises, quizzes), exercises)
    return [f"{path.parent.name}/{path.name}" for path in unlike]


def _unlike(texts: dict[Path, str], exercises: Path) -> list[Path]:
    paths = {*texts, *exercises.glob("*.ipynb")}
    there = {path: path.read_text(encoding="utf-8") for path in paths if path.is_file()}
    return [path for path in sorted(paths) if texts.get(path) != there.get(path)]
