from .captions import Captions, captions_path, read_captions
from .display import FIGURE_MIME, TABLE_MIME, svg_bytes
from .prose import MAGIC, plural, undeclared
from .run import Run, open_run, opened_run

__all__ = [
    "FIGURE_MIME",
    "MAGIC",
    "TABLE_MIME",
    "Captions",
    "Run",
    "captions_path",
    "open_run",
    "opened_run",
    "plural",
    "read_captions",
    "svg_bytes",
    "undeclared",
]
