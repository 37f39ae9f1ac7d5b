"""Executed notebooks to a PDF, a page or a folder of pages, from one reading of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helpers.report.cells import read_chapters
from helpers.report.cover import Cover
from helpers.report.fragments import build_sections
from helpers.report.html import write_html, write_pages
from helpers.report.matter import NO_MATTER, Matter
from helpers.report.parts import Section
from helpers.report.training_lines import with_tables
from helpers.report.typesetting import write_pdf


@dataclass(frozen=True)
class Targets:
    """What is made of executed notebooks: the files to write, and the folder of pages.

    Attributes
    ----------
    pdf, html : Path or None
        The PDF, and the self-contained page.
    pages : Path or None
        Folder of one page a chapter.
    """

    pdf: Path | None = None
    html: Path | None = None
    pages: Path | None = None


def render(
    notebooks: list[Path],
    targets: Targets,
    cover: Mapping[str, Any],
    code: str,
    matter: Matter = NO_MATTER,
) -> dict[str, float]:
    """Write executed notebooks in the formats that are asked for, from one reading of them.

    Parameters
    ----------
    notebooks : list of Path
        Executed chapters in the order of the report; ``04_name.ipynb`` is chapter 4.
    targets : Targets
        What to write.
    cover : mapping
        ``title, subtitle, source, drawn, profile, date, devices, versions, notes``; the ISO
        date is also the date of the file, so that the same run gives the same bytes.
    code : {"show", "hide"}
        Whether source code is printed.
    matter : Matter, optional
        Works to cite, a glossary and exercises.

    Returns
    -------
    dict of str to float
        Seconds by the clock of ``read``, ``pdf``, ``html`` and ``pages``. The formats are written
        at the same time, as pandoc and Typst compute beside Python.

    Raises
    ------
    ReportError
        If a chapter was not executed, or shows a traceback, or a picture, font, character or
        cited work is missing; by chapter and cell.
    """
    start = time.monotonic()
    sections = _sections(notebooks, code, matter)
    seconds = {"read": time.monotonic() - start}
    writers: dict[str, Callable[[list[Section], Cover, Path], None]] = {
        "pdf": write_pdf,
        "html": write_html,
        "pages": write_pages,
    }

    def write(name: str, target: Path) -> None:
        start = time.monotonic()
        writers[name](sections, Cover.of(cover), target)
        seconds[name] = time.monotonic() - start

    wanted = {name: target for name in writers if (target := getattr(targets, name)) is not None}
    with ThreadPoolExecutor(max_workers=len(writers)) as threads:
        for written in [threads.submit(write, *each) for each in wanted.items()]:
            written.result()
    return {name: round(value, 2) for name, value in seconds.items()}


def _sections(notebooks: list[Path], code: str, matter: Matter) -> list[Section]:
    chapters = [
        replace(chapter, blocks=with_tables(chapter.blocks))
        for chapter in read_chapters(notebooks, code)
    ]
    return build_sections(chapters, matter=matter)
