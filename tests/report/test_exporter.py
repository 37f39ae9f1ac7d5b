"""One notebook through nbconvert."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from support.pdf_pages import Pdf
from support.report_notebooks import code, markdown, write_chapter, write_notebook

from helpers.core.errors import ReportError
from helpers.report.exporter import DermBookPDFExporter


def test_chapter_becomes_a_pdf_without_cover(tmp_path: Path) -> None:
    """The first page is the chapter's, with its number and its code."""
    pdf, resources = DermBookPDFExporter().from_filename(str(write_chapter(tmp_path)))
    text = Pdf(pdf).pages[0].text
    assert "Chapter 4" in text and "import numpy" in text
    assert resources["output_extension"] == ".pdf"


def test_notebook_that_never_ran_is_printed(tmp_path: Path) -> None:
    """Unlike a report, a single notebook may be one without results, and has stable bytes."""
    path = write_notebook(tmp_path / "05_a.ipynb", markdown("# A"), code("x = 1", count=None))
    first, second = (DermBookPDFExporter().from_filename(str(path))[0] for _ in range(2))
    assert "x = 1" in Pdf(first).pages[0].text
    assert first == second


def test_lost_picture_fails_where_rules_are_strict(tmp_path: Path) -> None:
    """With ``strict`` the single notebook is held to the book's rules about pictures."""
    path = write_notebook(tmp_path / "05_a.ipynb", markdown("# A\n\n![x](gone.png)"))
    with pytest.raises(ReportError, match=r"05_a\.ipynb, cell 0"):
        DermBookPDFExporter(strict=True).from_filename(str(path))


def test_nbconvert_knows_the_exporter() -> None:
    """``jupyter nbconvert --to dermbook-pdf`` finds the class by its entry point."""
    found = entry_points(group="nbconvert.exporters", name="dermbook-pdf")
    if not found:
        pytest.skip("the project is not installed with this entry point yet: run pip install -e .")
    assert next(iter(found)).load() is DermBookPDFExporter
