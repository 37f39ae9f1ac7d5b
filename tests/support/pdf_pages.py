"""A PDF read back: text and outline, and where words and pictures are on a page."""

from __future__ import annotations

import ctypes
from itertools import combinations, groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pypdfium2
from pypdfium2 import raw


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
        found = self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE])
        return [self._around([picture.get_bounds()]) for picture in found]

    def ink(self, place: Place | None = None, scale: float = 2.0) -> np.ndarray:
        """Darkness of each pixel, in [0, 255], of the page or of a place on it."""
        picture = np.asarray(self._page.render(scale=scale, grayscale=True).to_pil())
        if place is not None:
            left, top, right, bottom = (round(side * scale) for side in place)
            picture = picture[top:bottom, left:right]
        return 255 - picture

    def links(self) -> list[str]:
        """Addresses that the page links to."""
        found, start, link = [], ctypes.c_int(0), raw.FPDF_LINK()
        document = self._page.pdf.raw
        while raw.FPDFLink_Enumerate(self._page.raw, start, link):
            action = raw.FPDFLink_GetAction(link)
            size = raw.FPDFAction_GetURIPath(document, action, None, 0)
            if size > 1:
                buffer = ctypes.create_string_buffer(size)
                raw.FPDFAction_GetURIPath(document, action, buffer, size)
                found.append(buffer.value.decode())
        return found

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

    def links(self) -> list[str]:
        """Addresses that the document links to, in its order."""
        return [address for page in self.pages for address in page.links()]

    def outline(self) -> list[tuple[int, str, int]]:
        """Level from 1, title, and number of the page from 1 of each entry."""
        return [
            (entry.level + 1, entry.get_title(), entry.get_dest().get_index() + 1)
            for entry in self._document.get_toc()
        ]


def meets(one: Place, other: Place) -> bool:
    """Whether two words lie over each other, by more than a hair."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return across > 1 and down > 2


def overlapping(page: Page) -> list[tuple[str, str]]:
    """Pairs of words that are printed over each other."""
    pairs = combinations(page.words(), 2)
    return [(a, b) for (a, place), (b, other) in pairs if meets(place, other)]
