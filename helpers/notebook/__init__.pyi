from .display import FIGURE_MIME, TABLE_MIME, svg_bytes
from .references import (
    REFERENCES,
    REFERENCES_MIME,
    cited_keys,
    entries_of,
    known_keys,
    processed,
)
from .run import Run, open_run

__all__ = [
    "FIGURE_MIME",
    "REFERENCES",
    "REFERENCES_MIME",
    "TABLE_MIME",
    "Run",
    "cited_keys",
    "entries_of",
    "known_keys",
    "open_run",
    "processed",
    "svg_bytes",
]
