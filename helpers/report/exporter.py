"""Executed notebooks to a PDF or a page: for the runner, and for ``jupyter nbconvert``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.report.cells import read_chapters
from helpers.report.cover import Cover
from helpers.report.fragments import build_sections
from helpers.report.typesetting import write_pdf


def render_pdf(notebooks: list[Path], target: Path, cover: Mapping[str, Any], code: str) -> None:
    """Typeset executed notebooks as one PDF."""
    page = Cover.of(cover)
    write_pdf(build_sections(read_chapters(notebooks, code)), page, target)
