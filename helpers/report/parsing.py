"""All Markdown and HTML of the chapters through pandoc, in few calls."""

from __future__ import annotations

import re

from helpers.report.cells import Chapter, Figure, Prose, Table
from helpers.report.markdown import labels, read_markdown, without_embeds
from helpers.report.pandoc import Node, parse_all

_HTML = "html+tex_math_dollars-native_divs-native_spans"
_OUTPUT_HTML = "html-native_divs-native_spans"
_CAPTION = re.compile(r"(?si)<caption\b[^>]*>.*?</caption>")


def parsed_blocks(
    chapters: list[Chapter], faults: list[str]
) -> list[list[tuple[list[Node], list[Node]]]]:
    """Pandoc's blocks of each block of the chapters, and those of its caption.

    Links and footnotes by name, and macros of formulas, hold in their own chapter: a chapter that
    defines any is parsed on its own. Cells that define the same name twice are parsed apart.
    """
    batches: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    texts: dict[tuple[int, int, int], str] = {}
    pages: list[tuple[int, int, int]] = []
    outputs: list[tuple[int, int, int]] = []
    macros: dict[int, list[str]] = {}
    for number, chapter in enumerate(chapters):
        seen: dict[str, int] = {}
        pieces: list[tuple[tuple[int, int, int], set[str]]] = []
        for place, block in enumerate(chapter.blocks):
            if isinstance(block, Figure | Table) and block.caption:
                texts[number, place, -1] = block.caption
                pieces.append(((number, place, -1), labels(block.caption)))
            if isinstance(block, Table):
                lost: list[str] = []
                page = _CAPTION.sub("", block.html) if block.caption else block.html
                texts[number, place, 0] = without_embeds(page, lost)
                outputs.append((number, place, 0))
            if isinstance(block, Prose):
                read = read_markdown(block.text)
                macros.setdefault(number, []).extend(read.definitions)
                faults += [
                    f"{chapter.where(block.cell)}: unresolved picture: {said} cannot be printed"
                    for said in read.lost
                ]
                for index, piece in enumerate(read.pieces):
                    texts[number, place, index] = piece.text
                    if piece.language == "html":
                        pages.append((number, place, index))
                    else:
                        pieces.append(((number, place, index), labels(piece.text)))
        alone = bool(macros.get(number)) or any(names for _, names in pieces)
        for key, names in pieces:
            turn = max((seen.get(name, -1) for name in names), default=-1) + 1
            seen |= dict.fromkeys(names, turn)
            batches.setdefault((number, turn) if alone else (-1, 0), []).append(key)
    parsed: dict[tuple[int, int, int], list[Node]] = {}
    for (number, _), keys in batches.items():
        before = ["\n".join(macros.get(number, []))]
        done = parse_all(before + [texts[key] for key in keys])
        parsed |= dict(zip(keys, done[1:], strict=True))
    for keys, source in ((pages, _HTML), (outputs, _OUTPUT_HTML)):
        parsed |= dict(zip(keys, parse_all([texts[key] for key in keys], source), strict=True))
    by_block: dict[tuple[int, int], list[Node]] = {}
    for number, place, index in sorted(parsed):
        if index >= 0:
            by_block.setdefault((number, place), []).extend(parsed[number, place, index])
    return [
        [
            (by_block.get((number, place), []), parsed.get((number, place, -1), []))
            for place in range(len(chapter.blocks))
        ]
        for number, chapter in enumerate(chapters)
    ]
