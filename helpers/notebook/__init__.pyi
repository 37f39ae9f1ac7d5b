from .captions import FOLDER_VARIABLE
from .display import FIGURE_MIME, TABLE_MIME, svg_bytes
from .prose import MAGIC
from .run import Run, open_run, opened_run

__all__ = [
    "FIGURE_MIME",
    "FOLDER_VARIABLE",
    "MAGIC",
    "TABLE_MIME",
    "Run",
    "open_run",
    "opened_run",
    "svg_bytes",
]
