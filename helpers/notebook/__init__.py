"""What a chapter holds in its hands: the run, and how figures, tables and numbers are shown."""

from __future__ import annotations

from helpers.notebook.display import FIGURE_MIME, TABLE_MIME
from helpers.notebook.run import Run, open_run

__all__ = [
    "FIGURE_MIME",
    "TABLE_MIME",
    "Run",
    "open_run",
]
