"""The fixed shape of a chapter, checked cell by cell."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat

from helpers.exercises.notebooks import EXERCISES
from helpers.notebook.marks import MAGIC
from support.chapter_prose import is_say, is_visible, problems_of_prose, python_of

PARAMETERS = ["profile", "source", "max_images", "seed", "split_file", "run_folder"]
LAST_HEADINGS = ["## Try it", "## What you have seen", "## References"]
LONGEST_CELL = 12
"""Lines of code that a reader sees in a cell, where these lines are not themselves the lesson."""
LESSON = "lesson"
SHORTER = f"move what is no lesson to helpers/, fold it, or tag the cell `{LESSON}`"


def problems_of(path: Path) -> list[str]:
    """What breaks the shape of a chapter, one line each, with the number of the cell."""
    notebook = nbformat.read(path, as_version=4)
    problems = [
        *_problems(notebook),
        *_unlike_needs(notebook, path.stem),
        *_unlike_exercises(notebook, path.name),
    ]
    found = [f"{path.name}: {problem}" for problem in problems]
    found += [f"{path.name}: {problem}" for problem in problems_of_prose(path)]
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        found.append(f"{path.name}: not a valid notebook: {error.message}")
    return found


def _problems(notebook: Any) -> list[str]:
    cells = [c for c in notebook.cells if "notice" not in c["metadata"].get("tags", [])]
    if len(cells) < 8:
        return [f"expected a chapter, got {len(cells)} cells"]
    problems: list[str] = []

    def expect(holds: bool, cell: int, what: str) -> None:
        if not holds:
            problems.append(f"Cell {cell}, line 1: {what}")

    opening = cells[0]["source"]
    expect(cells[0]["cell_type"] == "markdown" and opening.startswith("# "), 0, "expected a title")
    objectives = re.findall(r"^- ", opening, flags=re.M)
    expect("**Objectives**" in opening, 0, "expected **Objectives**")
    expect(3 <= len(objectives) <= 5, 0, f"expected 3 to 5 objectives, got {len(objectives)}")
    expect("**Time:**" in opening and "minute" in opening, 0, "expected **Time:** in minutes")
    expect(_only_imports(cells[1]), 1, "expected imports and nothing else")
    tags = cells[2]["metadata"].get("tags", [])
    expect("parameters" in tags, 2, "expected the tag `parameters`")
    names = _assigned_names(cells[2]["source"])
    expect(names == PARAMETERS, 2, f"expected the parameters {PARAMETERS}, got {names}")
    expect("open_run(" in cells[3]["source"], 3, "expected run = open_run(...)")
    headings = [
        (index, line)
        for index, cell in enumerate(cells)
        if cell["cell_type"] == "markdown"
        for line in cell["source"].splitlines()
        if line.startswith("## ")
    ]
    last = [line for _, line in headings[-3:]]
    expect(last == LAST_HEADINGS, len(cells) - 1, f"expected to end in {LAST_HEADINGS}, got {last}")
    for index, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        source = python_of(cell)
        expect(not cell.get("outputs"), index, "expected no outputs")
        expect(cell.get("execution_count") is None, index, "expected no execution count")
        if is_visible(cell) and LESSON not in cell["metadata"].get("tags", []):
            n_lines = len(lines_of_code(source))
            expect(n_lines <= LONGEST_CELL, index, f"{n_lines} lines to see; {SHORTER}")
        told = is_visible(cell) and _calls(source, "say")
        expect(not told, index, f"run.say in sight: make it a cell of {MAGIC}")
        expect(".show()" not in source, index, "figures go through run.figure")
    run = 0
    for offset, cell in enumerate(cells[4:]):
        prose = cell["cell_type"] != "code" or is_say(cell)
        run = 0 if prose else run + is_visible(cell)
        expect(run <= 3, offset + 4, "more than three code cells without a word between them")
    return problems


def _unlike_needs(notebook: Any, name: str) -> list[str]:
    """What the line "Builds on" says that is not so: the results that it takes, the order."""
    line = re.search(r"^\*\*Builds on:\*\*(.+)$", notebook.cells[0]["source"], flags=re.M)
    if line is None:
        return ["Cell 0, line 1: expected **Builds on:**"]
    linked = re.compile(r"\[chapter (\d+)\]\((\w+)\.ipynb\)")
    results = "".join(re.findall(r"the results of ([^;]+)", line[1]))
    taken = [stem for _, stem in linked.findall(results)]
    needs = notebook["metadata"].get("dermbook", {}).get("needs", [])
    problems = []
    if taken != needs:
        problems.append(f"expected the results of {needs}, as in dermbook.needs, got {taken}")
    for number, stem in linked.findall(line[1]):
        if int(number) != int(stem[:2]) or stem >= name:
            problems.append(f"chapter {number} is not {stem}, or does not come before")
    return [f"Cell 0, line 1: {problem}" for problem in problems]


def _unlike_exercises(notebook: Any, name: str) -> list[str]:
    """Whether "Try it" links to the chapter's notebook of exercises, if there is one."""
    text = "\n".join(cell["source"] for cell in notebook.cells if cell["cell_type"] == "markdown")
    linked = re.findall(r"\]\(\.\./exercises/([^)]+)\)", text.partition("## Try it")[2])
    there = [name] if (EXERCISES / name).is_file() else []
    return [] if linked == there else [f'expected "Try it" to link to {there}, got {linked}']


def _only_imports(cell: Any) -> bool:
    if cell["cell_type"] != "code":
        return False
    return all(isinstance(n, (ast.Import, ast.ImportFrom)) for n in ast.parse(python_of(cell)).body)


def lines_of_code(source: str) -> set[int]:
    """Numbers of the lines of a cell that are not blank."""
    return {number for number, line in enumerate(source.splitlines(), 1) if line.strip()}


def visible_lines(path: Path) -> tuple[int, int]:
    """Lines of code of a chapter that a reader sees, and how many of them build sentences.

    A line builds a sentence where its statement fills in a text or quotes a number.
    """
    n_lines = n_telling = 0
    for cell in filter(is_visible, nbformat.read(path, as_version=4).cells):
        lines = lines_of_code(cell["source"])
        telling: set[int] = set()
        for node in ast.walk(ast.parse(cell["source"])):
            simple = isinstance(node, ast.stmt) and not hasattr(node, "body")
            if simple and any(map(_builds_text, ast.walk(node))):
                telling |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        n_lines, n_telling = n_lines + len(lines), n_telling + len(lines & telling)
    return n_lines, n_telling


def _builds_text(node: ast.AST) -> bool:
    quotes = isinstance(node, ast.Attribute) and node.attr in ("quote", "say")
    return quotes or isinstance(node, ast.JoinedStr)


def _assigned_names(source: str) -> list[str]:
    names = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    return names


def _calls(source: str, attribute: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == attribute
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "run"
    ]
