"""A task says in which form its answer is wanted, so that no hint is spent on finding that out."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from helpers.exercises.listed_answers import Values
from helpers.exercises.notebooks import SOLUTIONS
from helpers.exercises.registry import exercises_of

NOTEBOOKS = sorted(SOLUTIONS.glob("*.ipynb"))


def silent_on_form(cells: list[nbformat.NotebookNode], dicts: Collection[str]) -> list[str]:
    """Of the exercises that want a dict, those that do not say so, or not which keys it has."""
    silent, told, solved = [], "", ""
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        check = re.match(r'check\("([\d.]+)", (\w+)\)', cell.source)
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            told, solved = cell.source, ""
        elif check and check[1] in dicts:
            keys = _typed_keys(solved, check[2])
            marks = "[\"'`|] *"  # a table's cell too
            named = all(re.search(f"{marks}{re.escape(key)} *{marks}", told) for key in keys)
            if not (re.search(r"\bdict\b", told) and named):
                silent.append(check[1])
        elif "solution" in tags:
            solved = cell.source
        elif "teacher" not in tags:
            told += cell.source
    return silent


def _typed_keys(source: str, name: str) -> list[str]:
    """Keys of a dict that is written out and given the name."""
    return [
        str(key.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == name
        for key in node.value.keys
        if isinstance(key, ast.Constant)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_task_says_that_it_wants_a_dict_and_its_keys(path: Path) -> None:
    """In its text, or in code that is given."""
    wants = [one.id for one in exercises_of(path.name[:2]) if isinstance(one.matcher, Values)]
    assert silent_on_form(nbformat.read(path, as_version=4).cells, wants) == []


@pytest.mark.parametrize(
    ("task", "silent"),
    [
        ('Give a dict with the keys "accuracy" and `balanced`.', False),
        ("Compute accuracy and balanced accuracy.", True),
        ("Give both as a dict.", True),
        ('Give "accuracy" and "balanced".', True),
    ],
)
def test_a_task_that_is_silent_is_found(task: str, silent: bool) -> None:
    """Without the word, or without the keys."""
    solution = new_code_cell('both = {"accuracy": 1, "balanced": len({"x": 2})}')
    solution.metadata["tags"] = ["solution"]
    cells = [new_markdown_cell(f"## 06.3 T\n\n{task}"), solution]
    cells.append(new_code_cell('check("06.3", both)'))
    assert silent_on_form(cells, {"06.3"}) == ["06.3"] * silent
