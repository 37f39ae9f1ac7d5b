"""A PDF read back: text and outline, and where words and pictures are on a page."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pypdfium2
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE


class Place(NamedTuple):
    """A rectangle on a page, in points from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float


class Page:
    """One page of a PDF."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._page = page
        self._text = page.get_textpage()
        self.width, self.height = page.get_size()

    @property
    def text(self) -> str:
        """All that is written on the page, a line a row."""
        return self._text.get_text_range().replace("\r\n", "\n")

    def words(self) -> list[tuple[str, Place]]:
        """The words with their places, as wide as the font has them, not only as the ink is."""
        letters = [
            (self._text.get_text_range(n, 1), self._text.get_charbox(n, loose=True))
            for n in range(self._text.count_chars())
        ]
        words = []
        for blank, group in groupby(letters, key=lambda letter: not letter[0].strip()):
            if not blank:
                texts, boxes = zip(*group, strict=True)
                words.append(("".join(texts), self._around(boxes)))
        return words

    def places_of(self, text: str) -> list[Place]:
        """Where a text is on the page."""
        search, found = self._text.search(text, match_case=True), []
        while (hit := search.get_next()) is not None:
            start, count = hit
            boxes = [self._text.get_charbox(n, loose=True) for n in range(start, start + count)]
            found.append(self._around(boxes))
        return found

    def pictures(self) -> list[Place]:
        """Where pictures are on the page."""
        found = self._page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE])
        return [self._around([picture.get_bounds()]) for picture in found]

    def _around(self, boxes: list[tuple[float, float, float, float]]) -> Place:
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        return Place(min(lefts), self.height - max(tops), max(rights), self.height - min(bottoms))


class Pdf:
    """A PDF, from a file or from bytes."""

    def __init__(self, source: Path | bytes) -> None:
        self._document = pypdfium2.PdfDocument(source)
        self.pages = [Page(page) for page in self._document]

    @property
    def text(self) -> str:
        """The text of all pages."""
        return "\n".join(page.text for page in self.pages)

    def outline(self) -> list[tuple[int, str, int]]:
        """Level from 1, title, and number of the page from 1 of each entry."""
        return [
            (entry.level + 1, entry.get_title(), entry.get_dest().get_index() + 1)
            for entry in self._document.get_toc()
        ]
