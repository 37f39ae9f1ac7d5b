"""How a chapter's executed copy ended, which papermill judges by its error outputs alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from helpers.report.cells import ERROR_TAGS


def is_stopped(target: Path) -> bool:
    """Whether a cell stopped the chapter; else drop papermill's words on those that may raise."""
    from papermill.execute import remove_error_markers

    notebook = nbformat.read(target, as_version=4)
    if any(map(_raised, notebook.cells)):
        return True
    nbformat.write(remove_error_markers(notebook), target)
    return False


def _raised(cell: Any) -> bool:
    """Whether a cell raised, without a tag that says so."""
    errors = [out for out in cell.get("outputs", []) if out["output_type"] == "error"]
    stopped = cell.metadata.get("papermill", {}).get("exception") is True
    return stopped or bool(errors and not ERROR_TAGS & set(cell.metadata.get("tags", [])))


def ended_itself(target: Path) -> bool:
    """Whether a chapter left by ``sys.exit(0)``, which papermill takes for whole."""
    return any(map(_raised, nbformat.read(target, as_version=4).cells))
