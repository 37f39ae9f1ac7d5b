from .display import FIGURE_MIME, TABLE_MIME, svg_bytes
from .run import Run, open_run, opened_run

__all__ = [
    "FIGURE_MIME",
    "TABLE_MIME",
    "Run",
    "open_run",
    "opened_run",
    "svg_bytes",
]
