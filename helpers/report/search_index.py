"""What the search of the book looks through: the passages below each heading."""

from __future__ import annotations

import re
from typing import Any

from helpers.report.html_body import Site
from helpers.report.pandoc import plain_text
from helpers.report.parts import (
    Definitions,
    Exercises,
    Heading,
    NumberedFigure,
    NumberedTable,
    Part,
    Passage,
    Section,
    Works,
)

Found = tuple[str, str, str, str]
"""Address, chapter, heading and text of a passage."""


def passages_of(sections: list[Section], site: Site) -> list[Found]:
    """Passages of the book for its search: all prose, captions, tables, terms and exercises.

    Code and what cells printed are left out. Figures and tables with a number, terms and
    exercises are passages of their own, so that a hit leads to the very place.

    Parameters
    ----------
    sections : list of Section
        The chapters, parsed and numbered.
    site : Site
        Says the addresses.

    Returns
    -------
    list of tuple of str
        Address, chapter, heading, text.
    """
    found: list[Found] = []
    for section in sections:
        title = _words(section.title)
        chapter = title if section.appendix else f"Chapter {section.chapter.number}: {title}"
        heading, anchor = title, section.anchor
        texts: list[str] = []

        def end(anchor: str, heading: str, texts: list[str], chapter: str = chapter) -> None:
            if texts:
                found.append((site.link(anchor), chapter, heading, " ".join(texts)))

        for part in section.parts:
            if isinstance(part, Heading):
                end(anchor, heading, texts)
                words = _words(part.inlines)
                heading = f"{part.number} {words}" if part.number else words
                anchor, texts = part.anchor, []
                continue
            texts += _text(part)
            for place, name, text in _own(part):
                end(place, name, [text])
        end(anchor, heading, texts)
    return found


def _text(part: Part) -> list[str]:
    if isinstance(part, Passage):
        return [_words(part.blocks)]
    if isinstance(part, NumberedTable) and not part.number:
        return [_words(part.table)]
    return []


def _own(part: Part) -> list[tuple[str, str, str]]:
    """Passages of their own: anchor, heading, text."""
    if isinstance(part, NumberedFigure) and part.number:
        return [(f"figure-{part.number}", f"Figure {part.number}", _words(part.caption))]
    if isinstance(part, NumberedTable) and part.number:
        text = f"{_words(part.caption)} {_words(part.table)}"
        return [(f"table-{part.number}", f"Table {part.number}", text)]
    if isinstance(part, Works):
        return [
            (work.anchor, f"Reference [{work.number}]", _words(work.inlines)) for work in part.works
        ]
    if isinstance(part, Definitions):
        return [(entry.anchor, entry.term, _words(entry.inlines)) for entry in part.entries]
    if isinstance(part, Exercises):
        return [
            (
                exercise.anchor,
                f"{'Questions' if exercise.is_quiz else 'Exercise'}: {_words(exercise.title)}",
                " ".join(_words(p.blocks) for p in exercise.task if isinstance(p, Passage)),
            )
            for exercise in part.exercises
        ]
    return []


def _words(nodes: Any) -> str:
    """Text with a blank between blocks and cells, which plain text lacks."""
    pieces: list[str] = []

    def gather(node: Any) -> None:
        if isinstance(node, list):
            for part in node:
                gather(part)
        elif isinstance(node, dict):
            if node.get("t") in ("Para", "Plain", "Header", "LineBlock"):
                pieces.append(plain_text(node))
            elif node.get("t") == "CodeBlock":
                return
            elif "c" in node:
                gather(node["c"])

    gather(nodes)
    text = " ".join(pieces) if pieces else plain_text(nodes)
    return re.sub(r"[\s\u200b]+", " ", text).strip()
