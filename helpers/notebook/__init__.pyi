from .captions import FOLDER_VARIABLE
from .chapters import find_chapters
from .display import svg_bytes
from .marks import FIGURE_MIME, MAGIC, REFERENCES_MIME, TABLE_MIME
from .opening import open_run, opened_run
from .prose import condition
from .references import REFERENCES, cited_keys, entries_of, known_keys, processed
from .run import Run

__all__ = [
    "FIGURE_MIME",
    "FOLDER_VARIABLE",
    "MAGIC",
    "REFERENCES",
    "REFERENCES_MIME",
    "TABLE_MIME",
    "Run",
    "cited_keys",
    "condition",
    "entries_of",
    "find_chapters",
    "known_keys",
    "open_run",
    "opened_run",
    "processed",
    "svg_bytes",
]
