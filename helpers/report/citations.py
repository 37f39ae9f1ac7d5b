"""Citations of the chapters, numbered by pandoc's citeproc, and the list of works of each."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from helpers.notebook import entries_of, known_keys, processed
from helpers.report.pandoc import Node, plain_text, walk
from helpers.report.parts import Heading, NumberedTable, Part, Section, Work, Works, map_inlines

_IN_CELL = re.compile(r"(\[@[A-Za-z][\w-]*\])")
"""A citation in a table's cell, which comes as HTML and not as Markdown."""


def cite(sections: list[Section], works: Path | None, faults: list[str]) -> None:
    """Number what each chapter cites, link it to its entry, and fill the list of works.

    The numbers and lists are those of a chapter, which is also read alone. What looks like a
    citation, and names no known work, is text where it has no brackets, and a fault where it has.

    Parameters
    ----------
    sections : list of Section
        The chapters, changed in place. One that cites, and has no place for its list, gets it at
        its end.
    works : Path or None
        A file of BibTeX; without one nothing is cited.
    faults : list of str
        Gets citations of works that are not there.
    """
    known = frozenset(known_keys(works) if works else ())

    def cite_one(section: Section) -> list[str]:
        found: list[str] = []
        _cite_chapter(section, works, known, found)
        return found

    # A chapter's pandoc takes a fifth of a second, in which Python waits.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as threads:
        for found in threads.map(cite_one, sections):
            faults += found


def _cite_chapter(
    section: Section, works: Path | None, known: frozenset[str], faults: list[str]
) -> None:
    cites: list[Node] = []

    def look(node: Node) -> Node | list[Node] | None:
        if node["t"] != "Cite":
            return None
        keys = [one["citationId"] for one in node["c"][0]]
        unknown = [key for key in keys if key not in known]
        if unknown:
            in_brackets = node["c"][0][0]["citationMode"]["t"] != "AuthorInText"
            if works is not None and in_brackets:
                said = plain_text(node["c"][1])
                faults.append(
                    f"{section.chapter.name}: cites {said}, but {works.name} has no "
                    f"{', '.join(unknown)}"
                )
            return list(node["c"][1])
        cites.append(node)
        return {"t": "Span", "c": [["", ["citation"], [["place", str(len(cites) - 1)]]], []]}

    parts = [
        map_inlines(_with_cells(part, known), lambda n: walk(n, look)) for part in section.parts
    ]
    also = [key for part in parts if isinstance(part, Works) for key in part.also]
    done: list[Node] = []
    if works is not None and (cites or also):
        done = processed([{"t": "Para", "c": [one]} for one in cites], also, works)

    def anchor(key: str) -> str:
        return f"work-{section.chapter.number}-{key}"

    def to_list(node: Node) -> Node | None:
        if node["t"] != "Link" or not node["c"][2][0].startswith("#ref-"):
            return None
        key = node["c"][2][0].removeprefix("#ref-")
        return {"t": "Link", "c": [*node["c"][:2], [f"#{anchor(key)}", ""]]}

    def put(node: Node) -> Node | None:
        if node["t"] != "Span" or "citation" not in node["c"][0][1]:
            return None
        attributes = dict(map(tuple, node["c"][0][2]))
        if "place" not in attributes:
            return None
        inlines = walk(done[int(attributes["place"])]["c"][0]["c"][1], to_list)
        return {"t": "Span", "c": [["", ["citation"], []], inlines]}

    listed = tuple(Work(anchor(key), number, text) for key, number, text in entries_of(done))
    if cites:
        parts = [map_inlines(part, lambda nodes: walk(nodes, put)) for part in parts]
    section.parts = _with_list(parts, listed, section)


def _with_list(parts: list[Part], listed: tuple[Work, ...], section: Section) -> list[Part]:
    """Put the list of works where the chapter has a place for it, or at its end."""
    places = [place for place, part in enumerate(parts) if isinstance(part, Works)]
    if listed and not places:
        number = f"{section.chapter.number}.{sum(_is_section(part) for part in parts) + 1}"
        heading = Heading(2, f"{section.anchor}-works", [{"t": "Str", "c": "References"}], number)
        return [*parts, heading, Works(listed)]
    filled: list[Part] = []
    for place, part in enumerate(parts):
        if place not in places:
            filled.append(part)
        elif listed and place == places[-1]:
            filled.append(Works(listed))
    return filled


def _is_section(part: Part) -> bool:
    return isinstance(part, Heading) and part.level == 2


def _with_cells(part: Part, known: frozenset[str]) -> Part:
    """A table whose cells may cite."""
    if not isinstance(part, NumberedTable):
        return part

    def split(node: Node) -> list[Node] | None:
        if node["t"] != "Str" or not _IN_CELL.search(node["c"]):
            return None
        pieces = [piece for piece in _IN_CELL.split(node["c"]) if piece]
        return [
            _cited(piece) if piece[2:-1] in known else {"t": "Str", "c": piece} for piece in pieces
        ]

    table: Node = walk([part.table], split)[0]
    return NumberedTable(part.cell, table, part.caption, part.number)


def _cited(piece: str) -> Node:
    if not _IN_CELL.fullmatch(piece):
        return {"t": "Str", "c": piece}
    citation = {
        "citationId": piece[2:-1],
        "citationPrefix": [],
        "citationSuffix": [],
        "citationMode": {"t": "NormalCitation"},
        "citationNoteNum": 0,
        "citationHash": 0,
    }
    return {"t": "Cite", "c": [[citation], [{"t": "Str", "c": piece}]]}
