"""Any notebook to a PDF: for ``jupyter nbconvert``."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from traitlets import Bool

from helpers.report.cells import chapter_number, fail_on, read_chapter
from helpers.report.cover import Cover
from helpers.report.fragments import build_sections
from helpers.report.pandoc import plain_text
from helpers.report.typesetting import write_pdf


class DermBookPDFExporter(Exporter):
    """``jupyter nbconvert --to dermbook-pdf notebook.ipynb``: any notebook as a PDF, with code.

    A notebook that was not executed is printed without results. The PDF's date is the time of
    the notebook's last change, so that the same notebook gives the same bytes.

    What a chapter of the book may not have is no error here: a picture on another host becomes
    its link, one that is missing a marked box, a traceback is printed as it is. All of it is
    listed on standard error.
    """

    strict = Bool(
        False,
        help="Whether what a chapter of the book may not have is an error, not a warning.",
    ).tag(config=True)

    export_from_notebook = "PDF of DermBook"
    output_mimetype = "application/pdf"

    def _file_extension_default(self) -> str:
        return ".pdf"

    def from_notebook_node(  # type: ignore[override]
        self, nb: Any, resources: Any = None, **kwargs: Any
    ) -> tuple[bytes, dict[str, Any]]:
        """Convert a notebook to the bytes of a PDF.

        Parameters
        ----------
        nb : NotebookNode
            The notebook.
        resources : dict or None
            Where nbconvert says the notebook's name, folder and date.

        Returns
        -------
        pdf : bytes
        resources : dict

        Raises
        ------
        ReportError
            If ``strict``, and it shows a traceback, or a picture, a font, a character or a
            formula cannot be printed.
        """
        nb, resources = super().from_notebook_node(nb, resources, **kwargs)
        metadata = resources.get("metadata", {})
        stem = metadata.get("name") or "notebook"
        folder = Path(metadata.get("path") or ".")
        notes: list[str] = []
        chapter, problems = read_chapter(
            nb,
            f"{stem}.ipynb",
            folder,
            chapter_number(stem, 1),
            "show",
            executed=False,
            notes=notes,
        )
        if self.strict:
            fail_on(problems)
        warnings = [*problems, *notes]
        sections = build_sections([chapter], None if self.strict else warnings)
        cover = Cover(
            title=plain_text(sections[0].title),
            date=_changed(folder, stem),
            single=True,
        )
        with tempfile.TemporaryDirectory(prefix="dermbook-") as name:
            target = Path(name) / "chapter.pdf"
            write_pdf(sections, cover, target, None if self.strict else warnings)
            pdf = target.read_bytes()
        if warnings:
            noun = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
            lines = [f"{stem}.ipynb: {noun}", *(f"  - {warning}" for warning in warnings)]
            print("\n".join(lines), file=sys.stderr)
        resources["output_extension"] = ".pdf"
        return pdf, resources


def _changed(folder: Path, stem: str) -> str:
    """When a notebook was last changed; today where it is not a file."""
    path = folder / f"{stem}.ipynb"
    now = datetime.now(UTC)
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else now
    return moment.isoformat(timespec="seconds")
