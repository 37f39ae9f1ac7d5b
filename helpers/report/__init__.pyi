from .build import build_report
from .chapters import find_chapters
from .inputs import version_of
from .runner import events_path
from .typesetting import TYPST_TEMPLATE
from .ways import abilities, chapter_table, chapters_to_read, way_table

__all__ = [
    "TYPST_TEMPLATE",
    "abilities",
    "build_report",
    "chapter_table",
    "chapters_to_read",
    "events_path",
    "find_chapters",
    "version_of",
    "way_table",
]
