from .build import build_report
from .chapters import find_chapters
from .inputs import version_of
from .typesetting import TYPST_TEMPLATE

__all__ = [
    "TYPST_TEMPLATE",
    "build_report",
    "find_chapters",
    "version_of",
]
