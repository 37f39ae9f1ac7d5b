"""Runs chapters, and renders what they showed as PDF and HTML."""

from __future__ import annotations

from helpers.report.build import build_report
from helpers.report.chapters import find_chapters
from helpers.report.inputs import version_of
from helpers.report.typesetting import TYPST_TEMPLATE

__all__ = [
    "TYPST_TEMPLATE",
    "build_report",
    "find_chapters",
    "version_of",
]
