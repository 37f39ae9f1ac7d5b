"""The fixed shape of a chapter, checked cell by cell."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat

PARAMETERS = ["profile", "source", "max_images", "seed", "split_file", "run_folder"]
LAST_HEADINGS = ["## Try it", "## What you have seen", "## References"]
LONGEST_CELL = 14
LONGEST_TELLING_CELL = 24
"""Of a cell that composes a sentence from computed numbers; its words take lines."""
TELLING = ("figure", "table", "say")


def problems_of(path: Path) -> list[str]:
    """What breaks the shape of a chapter, one line each, with the number of the cell."""
    notebook = nbformat.read(path, as_version=4)
    found = [f"{path.name}: {problem}" for problem in _problems(notebook)]
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
        source = cell["source"]
        expect(not cell.get("outputs"), index, "expected no outputs")
        expect(cell.get("execution_count") is None, index, "expected no execution count")
        if index > 3 and "teaching" not in cell["metadata"].get("tags", []):
            n_lines = _lines_of_code(source)
            longest = LONGEST_TELLING_CELL if _calls(source, "say") else LONGEST_CELL
            expect(n_lines <= longest, index, f"{n_lines} lines; move code to helpers/")
        expect(".show()" not in source, index, "figures go through run.figure")
        for call in _calls(source, "figure"):
            words = {keyword.arg for keyword in call.keywords}
            given = len(call.args) + len(words & {"caption", "alt"})
            expect(given >= 4, index, "run.figure needs a name, a caption and an alt text")
    run = 0
    for offset, cell in enumerate(cells[4:]):
        wordless = cell["cell_type"] == "code" and not _calls(cell["source"], "say")
        run = run + 1 if wordless else 0
        expect(run <= 3, offset + 4, "more than three code cells without a word between them")
    return problems


def _only_imports(cell: Any) -> bool:
    if cell["cell_type"] != "code":
        return False
    return all(isinstance(n, (ast.Import, ast.ImportFrom)) for n in ast.parse(cell["source"]).body)


def _lines_of_code(source: str) -> int:
    """Lines that are not blank; a caption or a sentence told counts as one."""
    lines = {number for number, line in enumerate(source.splitlines(), 1) if line.strip()}
    for call in (call for name in TELLING for call in _calls(source, name)):
        lines -= set(range(call.lineno + 1, (call.end_lineno or call.lineno) + 1))
    return len(lines)


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
