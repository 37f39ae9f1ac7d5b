"""The intermediate model: chapters of numbered headings, figures and tables, ready to write.

What depends on the
book and not on the output format is done here: numbers, links between chapters, pictures.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from helpers.report.cells import Chapter, Cited, Figure, Prose, Table, Text, fail_on
from helpers.report.citations import cite
from helpers.report.exercises import add_exercises, exercises_anchor, exercises_file
from helpers.report.glossary import mark_terms
from helpers.report.large_tables import columns_in_turns, first_rows
from helpers.report.links import resolved, slug
from helpers.report.matter import NO_MATTER, Matter
from helpers.report.pandoc import Node, plain_text, walk
from helpers.report.parsing import parsed_blocks
from helpers.report.parts import (
    Heading,
    NumberedFigure,
    NumberedTable,
    Passage,
    Section,
    Works,
    map_inlines,
)
from helpers.report.pictures import TEXT_WIDTH_CM, natural_size
from helpers.report.prose import ProseReader, asked_width, is_caption, layout_cells

_TITLE_NUMBER = re.compile(r"^\s*(chapter\s+)?\d{1,3}\s*[:.)\-–—]?\s+(?=\S)", re.IGNORECASE)
_LARGE_CM = 1.1
"""A picture in a line of text that is higher stands between its paragraphs."""
_SHORT = 60
_MOST_ROWS = 500
"""Of a table that a library shows, on some ten pages: what is longer takes minutes to set."""


def build_sections(
    chapters: list[Chapter], faults: list[str] | None = None, matter: Matter = NO_MATTER
) -> list[Section]:
    """Parse and number all chapters of a report, and add what stands around them.

    Parameters
    ----------
    chapters : list of Chapter
        As read from the executed notebooks.
    faults : list of str, optional
        Gets pictures that are not there or cannot be printed, by cell; something else stands in
        their place.
    matter : Matter, optional
        Works to cite, a glossary and exercises.

    Returns
    -------
    list of Section
        The chapters, and the glossary where there is one.

    Raises
    ------
    ReportError
        If a picture that the prose names, or a work that it cites, is not there, all of them at
        once; unless ``faults`` is given.
    """
    found: list[str] = [] if faults is None else faults
    sections = []
    for chapter, parsed in zip(chapters, parsed_blocks(chapters, found), strict=True):
        builder = _Builder(chapter, found)
        for block, (blocks, caption) in zip(chapter.blocks, parsed, strict=True):
            if isinstance(block, Prose):
                builder.add_prose(block, blocks)
            elif isinstance(block, Figure):
                builder.add_figure(block, _inlines(caption))
            elif isinstance(block, Table):
                builder.add_table(block, blocks, _inlines(caption))
            elif isinstance(block, Cited):
                builder.section.parts.append(Works((), block.also))
            else:
                builder.section.parts.append(block)
        builder.section.pictures = builder.reader.pictures
        sections.append(builder.section)
    names = {section.chapter.name: section.anchor for section in sections}
    for section in sections:
        if (file := exercises_file(section.chapter, matter)) is not None:
            names[f"{file.parent.name}/{file.name}"] = exercises_anchor(section.chapter)
    for section in sections:
        section.parts = [
            map_inlines(part, partial(resolved, anchors=section.anchors, chapters=names))
            for part in section.parts
        ]
        section.title = _words(section.title)
    cite(sections, matter.works, found)
    if faults is None:
        fail_on(found)
    for section in sections:
        add_exercises(section, matter, names)
    return mark_terms(sections, matter.glossary)


def _inlines(blocks: list[Node]) -> list[Node]:
    """Inlines of a caption's paragraphs."""
    found: list[Node] = []
    for block in blocks:
        if block["t"] in ("Para", "Plain"):
            found += ([{"t": "Space"}] if found else []) + block["c"]
    return found


def _words(inlines: list[Node]) -> list[Node]:
    """A title as the contents and the head of every page can repeat it: words alone."""

    def change(node: Node) -> Node | list[Node] | None:
        if node["t"] in ("Link", "Image"):
            return list(node["c"][1])
        return [] if node["t"] == "Note" else None

    flat: list[Node] = walk(inlines, change)
    return flat


class _Builder:
    """Takes the blocks of one chapter in their order and numbers them."""

    def __init__(self, chapter: Chapter, faults: list[str]) -> None:
        title = chapter.name.removesuffix(".ipynb").lstrip("0123456789_-. ").replace("_", " ")
        title = title.strip() or chapter.name
        self.section = Section(chapter, [{"t": "Str", "c": title.capitalize()}])
        self.reader = ProseReader(chapter, faults)
        self.counts = {"figure": 0, "table": 0}
        self.headings = [0, 0]
        self.titled = False
        self.level = 1

    def add_prose(self, block: Prose, blocks: list[Node]) -> None:
        self._add_blocks(block.cell, self.reader.read(blocks, block))

    def _add_blocks(self, cell: int, blocks: list[Node], caption: list[Node] | None = None) -> None:
        for node in blocks:
            kind, content = node["t"], node.get("c", [])
            if kind == "Header":
                self._add_heading(cell, *content)
            elif kind == "Table":
                if (cells := layout_cells(node)) is not None and not caption:
                    self._add_side_by_side(cell, cells)
                else:
                    own = caption or _inlines(content[1][1])
                    self._add_table(cell, node, own, numbered=caption is None or bool(caption))
            elif kind == "Figure":
                self._add_blocks(cell, content[2])
                self._add_blocks(cell, content[1][1])
            elif kind in ("Para", "Plain"):
                self._add_paragraph(cell, node)
            elif kind != "Null":
                self._add_block(node)

    def _add_paragraph(self, cell: int, node: Node) -> None:
        """Set large pictures between the words before and after them."""
        words: list[Node] = []
        alone = [part for part in node["c"] if part["t"] not in ("Space", "SoftBreak", "LineBreak")]
        for part in node["c"]:
            image = _only_image(part)
            if image is None or (len(alone) > 1 and not self._is_large(image)):
                words.append(part)
                continue
            self._add_words(node["t"], words)
            words = []
            caption = image["c"][1] if is_caption(image) else []
            alt = plain_text(image["c"][1]) or f"Picture in cell {cell}."
            picture = self.reader.pictures[image["c"][2][0]]
            figure = Figure(cell, picture, "", alt, asked_width(image))
            self.add_figure(figure, caption)
        self._add_words(node["t"], words)

    def _is_large(self, image: Node) -> bool:
        width = asked_width(image)
        across, down = natural_size(self.reader.pictures[image["c"][2][0]])
        return (width * down / across if width else down) > _LARGE_CM

    def _add_words(self, kind: str, words: list[Node]) -> None:
        blank = ("Space", "SoftBreak", "LineBreak")
        while words and words[-1]["t"] in blank:
            words.pop()
        while words and words[0]["t"] in blank:
            words.pop(0)
        if words:
            self._add_block({"t": kind, "c": words})

    def _add_side_by_side(self, cell: int, cells: list[list[Node]]) -> None:
        """What a table only puts side by side: short pieces in one line, all else in turn."""
        row: list[Node] = []
        for blocks in cells:
            short = len(blocks) == 1 and blocks[0]["t"] in ("Para", "Plain")
            if short and len(plain_text(blocks)) < _SHORT and not self._shows_large(blocks):
                row += [{"t": "Space"}, {"t": "Str", "c": "·"}, {"t": "Space"}] if row else []
                row += blocks[0]["c"]
                continue
            self._add_words("Para", row)
            row = []
            self._add_blocks(cell, blocks)
        self._add_words("Para", row)

    def _shows_large(self, blocks: list[Node]) -> bool:
        found: list[bool] = []

        def look(node: Node) -> None:
            if node["t"] == "Image":
                found.append(self._is_large(node))

        walk(blocks, look)
        return any(found)

    def _add_block(self, node: Node) -> None:
        last = self.section.parts[-1] if self.section.parts else None
        if isinstance(last, Passage):
            last.blocks.append(node)
        else:
            self.section.parts.append(Passage([node]))

    def _add_heading(self, cell: int, level: int, _: list[Any], inlines: list[Node]) -> None:
        if not plain_text(inlines).strip():  # a heading of a picture alone is none
            self._add_paragraph(cell, {"t": "Para", "c": inlines})
            return
        if level == 1 and not self.titled:
            self.section.title = _without_number(inlines) or self.section.title
            self.titled = True
            return
        level = min(max(level, 2), self.level + 1)  # no level is skipped, which readers rely on
        self.level = level
        number = ""
        if level <= 3:
            self.headings[level - 2] += 1
            self.headings[level - 1 :] = [0] * len(self.headings[level - 1 :])
            number = ".".join(map(str, [self.section.chapter.number, *self.headings[: level - 1]]))
        anchor = f"{self.section.anchor}-{len(self.section.anchors) + 1}"
        self.section.anchors.setdefault(slug(plain_text(inlines)), anchor)
        self.section.parts.append(Heading(level, anchor, inlines, number))

    def _number(self, kind: str, caption: list[Node]) -> str:
        if not caption:
            return ""
        self.counts[kind] += 1
        return f"{self.section.chapter.number}.{self.counts[kind]}"

    def add_figure(self, figure: Figure, caption: list[Node]) -> None:
        number = self._number("figure", caption)
        self.section.parts.append(NumberedFigure(figure, caption, number))

    def add_table(self, block: Table, blocks: list[Node], caption: list[Node]) -> None:
        self._add_blocks(block.cell, self.reader.read(blocks, block), caption)

    def _add_table(self, cell: int, node: Node, caption: list[Node], numbered: bool) -> None:
        """Add a table; the caption that another program wrote into an output is said unnumbered."""
        number = self._number("table", caption) if numbered else ""
        bare = {"t": "Table", "c": [["", [], []], [None, []], *node["c"][2:]]}
        if numbered:
            self.section.parts.append(NumberedTable(cell, bare, caption, number))
            return
        bare, left_out = first_rows(bare, _MOST_ROWS)
        for turn in columns_in_turns(bare, TEXT_WIDTH_CM):
            self.section.parts.append(NumberedTable(cell, turn, caption, ""))
            caption = []
        if left_out:
            said = f"{left_out:,} further rows are not printed"
            self.section.parts.append(Text(cell, f"[{said}]"))
            self.reader.faults.append(f"{self.section.chapter.where(cell)}: {said}")


def _only_image(node: Node) -> Node | None:
    """A picture, or the picture that a link holds and nothing else."""
    if node["t"] == "Link" and len(node["c"][1]) == 1:
        node = node["c"][1][0]
    return node if node["t"] == "Image" else None


def _without_number(inlines: list[Node]) -> list[Node]:
    """Strip ``Chapter 4:`` or ``04`` from a title.

    The number may be spread over several words of pandoc's tree.
    """
    match = _TITLE_NUMBER.match(plain_text(inlines))
    rest = list(inlines)
    left = len(match[0]) if match else 0
    while left > 0 and rest and rest[0]["t"] in ("Str", "Space", "SoftBreak"):
        text = plain_text(rest[0])
        if len(text) > left:
            rest[0] = {"t": "Str", "c": text[left:]}
            break
        left -= len(text)
        rest.pop(0)
    return rest
