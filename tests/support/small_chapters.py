"""Small notebooks in the shape of chapters, for tests of the runner."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.console import Console

from helpers.notebook.chapters import Chapter
from helpers.report.execution import ALONE_TAG
from helpers.report.progress import Progress
from helpers.report.results import ChapterResult
from helpers.report.runner import run_chapters

PATIENCE = 600.0
"""Seconds: other work on a machine may make each process many times as slow."""

PARAMETERS = {
    "profile": "smoke",
    "source": None,
    "max_images": None,
    "seed": None,
    "split_file": None,
    "run_folder": None,
}

PARAMETER_CELL = """profile = "quick"
source = None
max_images = None
seed = None
split_file = None
run_folder = None"""

EVENT = """import json, os
with open(os.environ["DERMBOOK_EVENTS"], "a") as file:
    chapter = os.environ["DERMBOOK_CHAPTER"]
    for ended, text in ((False, "epoch 1"), (True, "resnet50: balanced accuracy 0.71")):
        event = {"chapter": chapter, "kind": "trial", "text": text, "finished": ended}
        file.write(json.dumps(event) + "\\n")"""


def write_chapter(
    folder: Path,
    name: str,
    cells: Sequence[str],
    *,
    needs: Sequence[str] = (),
    core: bool = True,
    alone: int | None = None,
    parameters: str = PARAMETER_CELL,
) -> Path:
    """Write ``folder/name.ipynb``: heading, imports, parameters, then the code cells.

    The number of one among these is that which is to be executed alone.
    """
    notebook = new_notebook()
    notebook.cells = [
        new_markdown_cell(f"# Chapter {name[:2]}\n\nAbout 5 minutes to read."),
        new_code_cell("import math"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *(new_code_cell(source) for source in cells),
    ]
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
    }
    notebook.metadata["dermbook"] = {"core": core, "needs": list(needs)}
    if alone is not None:
        notebook.cells[alone + 3].metadata["tags"] = [ALONE_TAG]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def run_small(
    chapters: list[Chapter],
    folder: Path,
    digests: dict[str, str] | None = None,
    at_once: int = 1,
) -> tuple[dict[str, ChapterResult], str]:
    """Run chapters; their results by name, and what was printed."""
    text = io.StringIO()
    console = Console(file=text, width=120)
    parameters = dict(PARAMETERS, run_folder=str(folder))
    digests = digests or {chapter.name: "0" for chapter in chapters}
    with Progress(console, len(chapters)) as progress:
        results = run_chapters(chapters, parameters, folder, digests, progress, at_once=at_once)
    return {result.chapter.name: result for result in results}, text.getvalue()
