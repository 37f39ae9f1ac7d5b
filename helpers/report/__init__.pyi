from .build import build_report
from .inputs import version_of
from .runner import events_path
from .typesetting import TYPST_TEMPLATE

__all__ = [
    "TYPST_TEMPLATE",
    "build_report",
    "events_path",
    "version_of",
]
