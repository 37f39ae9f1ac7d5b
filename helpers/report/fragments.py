"""The intermediate model: chapters of numbered headings, figures and tables, ready to write.

Two calls of pandoc parse all Markdown and all HTML tables of a report. What depends on the
book and not on the output format is done here: numbers, links between chapters, pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from helpers.core import ReportError
from helpers.report.cells import (
    Chapter,
    Code,
    Figure,
    Picture,
    Prose,
    Table,
    Text,
    fail_on,
    picture_of,
)
from helpers.report.pandoc import Node, parse_all, plain_text, walk

_TITLE_NUMBER = re.compile(r"^\s*(chapter\s+)?\d{1,3}\s*[:.)\-–—]?\s+(?=\S)", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[\^([^\]\s]+)\]")
_MATH = re.compile(r"\s*\\begin\{(align|equation|gather|multline|eqnarray)\*?\}")
_WEB = frozenset({"http", "https", "mailto", "doi"})


@dataclass(frozen=True)
class Heading:
    """A heading inside a chapter; ``number`` is as in ``4.1``, or empty below two levels."""

    level: int
    anchor: str
    inlines: list[Node]
    number: str


@dataclass(frozen=True)
class Passage:
    """Pandoc blocks of running text."""

    blocks: list[Node]


@dataclass(frozen=True)
class NumberedFigure:
    """A figure with its caption parsed; ``number`` is empty where it has no caption."""

    figure: Figure
    caption: list[Node]
    number: str


@dataclass(frozen=True)
class NumberedTable:
    """A table as a pandoc block with its caption parsed apart."""

    cell: int
    table: Node
    caption: list[Node]
    number: str


Part = Heading | Passage | NumberedFigure | NumberedTable | Code | Text


@dataclass
class Section:
    """One chapter of the report."""

    chapter: Chapter
    title: list[Node]
    parts: list[Part] = field(default_factory=list)
    pictures: dict[str, Picture] = field(default_factory=dict)
    anchors: dict[str, str] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """Name that links go to."""
        return f"chapter-{self.chapter.number}"


def build_sections(chapters: list[Chapter]) -> list[Section]:
    """Parse and number all chapters of a report.

    Parameters
    ----------
    chapters : list of Chapter
        As read from the executed notebooks.

    Returns
    -------
    list of Section

    Raises
    ------
    ReportError
        If a picture that the prose names is not there; all of them at once.
    """
    prose: list[str] = []
    tables: list[str] = []
    for chapter in chapters:
        for block in chapter.blocks:
            if isinstance(block, Prose):
                prose.append(_own_footnotes(block.text, chapter.number))
            elif isinstance(block, Figure | Table):
                prose.append(block.caption)
            if isinstance(block, Table):
                tables.append(
                    re.sub(r"(?s)<style.*?</style>|<caption>.*?</caption>", "", block.html)
                )
    parsed_prose = iter(parse_all(prose))
    parsed_tables = iter(parse_all(tables, "html"))
    problems: list[str] = []
    sections = []
    for chapter in chapters:
        builder = _Builder(chapter, problems)
        for block in chapter.blocks:
            if isinstance(block, Prose):
                builder.add_prose(block, next(parsed_prose))
            elif isinstance(block, Figure):
                builder.add_figure(block, _inlines(next(parsed_prose)))
            elif isinstance(block, Table):
                builder.add_table(block.cell, next(parsed_tables), _inlines(next(parsed_prose)))
            else:
                builder.section.parts.append(block)
        sections.append(builder.section)
    fail_on(problems)
    _resolve_links(sections)
    return sections


def _own_footnotes(text: str, number: int) -> str:
    """Keep footnotes of one name in two chapters apart."""
    return _FOOTNOTE.sub(rf"[^c{number}-\1]", text)


def _inlines(blocks: list[Node]) -> list[Node]:
    """Inlines of a caption's paragraphs."""
    found: list[Node] = []
    for block in blocks:
        if block["t"] in ("Para", "Plain"):
            found += ([{"t": "Space"}] if found else []) + block["c"]
    return found


class _Builder:
    """Takes the blocks of one chapter in their order and numbers them."""

    def __init__(self, chapter: Chapter, problems: list[str]) -> None:
        title = chapter.name.removesuffix(".ipynb").lstrip("0123456789_-. ").replace("_", " ")
        self.section = Section(chapter, [{"t": "Str", "c": title.capitalize()}])
        self.problems = problems
        self.counts = {"figure": 0, "table": 0}
        self.headings = [0, 0]
        self.titled = False
        self.level = 1

    def add_prose(self, block: Prose, blocks: list[Node]) -> None:
        blocks = walk(blocks, lambda node: self._clean(node, block))
        for node in blocks:
            kind, content = node["t"], node.get("c", [])
            if kind == "Header":
                self._add_heading(*content)
            elif kind == "Table":
                caption = _inlines(content[1][1])
                self._add_table(block.cell, node, caption)
            elif kind == "Para" and len(content) == 1 and content[0]["t"] == "Image":
                caption, (source, _) = content[0]["c"][1:]
                picture = self.section.pictures.pop(source, None)
                if picture is not None:
                    alt = plain_text(caption) or f"Picture in cell {block.cell}."
                    self.add_figure(Figure(block.cell, picture, "", alt), caption)
            else:
                self._add_block(node)

    def _add_block(self, node: Node) -> None:
        last = self.section.parts[-1] if self.section.parts else None
        if isinstance(last, Passage):
            last.blocks.append(node)
        else:
            self.section.parts.append(Passage([node]))

    def _add_heading(self, level: int, _: list[Any], inlines: list[Node]) -> None:
        if level == 1 and not self.titled:
            self.section.title = _without_number(inlines)
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
        self.section.anchors.setdefault(_slug(plain_text(inlines)), anchor)
        self.section.parts.append(Heading(level, anchor, inlines, number))

    def _number(self, kind: str, caption: list[Node]) -> str:
        if not caption:
            return ""
        self.counts[kind] += 1
        return f"{self.section.chapter.number}.{self.counts[kind]}"

    def add_figure(self, figure: Figure, caption: list[Node]) -> None:
        number = self._number("figure", caption)
        self.section.parts.append(NumberedFigure(figure, caption, number))

    def add_table(self, cell: int, blocks: list[Node], caption: list[Node]) -> None:
        for node in blocks:
            if node["t"] == "Table":
                self._add_table(cell, node, caption)
            elif plain_text(node).strip():
                self._add_block(node)

    def _add_table(self, cell: int, node: Node, caption: list[Node]) -> None:
        number = self._number("table", caption)
        bare = {"t": "Table", "c": [["", [], []], [None, []], *node["c"][2:]]}
        self.section.parts.append(NumberedTable(cell, bare, caption, number))

    def _clean(self, node: Node, block: Prose) -> Node | list[Node] | None:
        """Resolve pictures; turn bare LaTeX environments into math; report lost HTML."""
        kind, content = node["t"], node.get("c", [])
        if kind == "Image":
            return self._resolve(node, block)
        if kind in ("RawInline", "RawBlock"):
            language, text = content
            if language in ("tex", "latex") and _MATH.match(text):
                math = {"t": "Math", "c": [{"t": "DisplayMath"}, text]}
                return {"t": "Para", "c": [math]} if kind == "RawBlock" else math
            if re.match(r"<br\s*/?>", text):
                return {"t": "LineBreak"} if kind == "RawInline" else []
            if re.search(r"<(img|svg|iframe|video)\b", text, re.IGNORECASE):
                where = self.section.chapter.where(block.cell)
                self.problems.append(
                    f"{where}: unresolved picture: {text[:60]} cannot be printed; "
                    "write ![what it shows](file) instead"
                )
            return []
        return None

    def _resolve(self, node: Node, block: Prose) -> Node:
        attributes, caption, (source, _) = node["c"]
        name = unquote(source)
        try:
            if name.startswith("attachment:"):
                picture = block.attachments.get(name.removeprefix("attachment:"))
                if picture is None:
                    raise ReportError(f"unresolved picture: the cell has no {name}")
            elif urlparse(name).scheme:
                raise ReportError(f"unresolved picture: {name[:80]} is not a file of the chapter")
            else:
                picture = picture_of(self.section.chapter.folder / name)
        except ReportError as error:
            self.problems.append(f"{self.section.chapter.where(block.cell)}: {error}")
            return {"t": "Str", "c": ""}
        key = f"{len(self.section.pictures)}-{self.section.anchor}-{block.cell}"
        self.section.pictures[key] = picture
        return {"t": "Image", "c": [attributes, caption, [key, ""]]}


def _slug(text: str) -> str:
    """Name of a heading in links, however JupyterLab or a person writes it."""
    return re.sub(r"\W+", "-", text.casefold()).strip("-")


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


def _resolve_links(sections: list[Section]) -> None:
    """Point links to chapters and headings of the report; unlink what is not part of it."""
    chapters = {section.chapter.name: section for section in sections}
    for section in sections:

        def change(
            node: Node, anchors: dict[str, str] = section.anchors
        ) -> Node | list[Node] | None:
            if node["t"] != "Link":
                return None
            attributes, inlines, (target, title) = node["c"]
            address = urlparse(target)
            if address.scheme in _WEB:
                return None
            name = Path(unquote(address.path)).name
            anchor = anchors.get(_slug(unquote(address.fragment))) if not name else None
            if name in chapters:
                anchor = chapters[name].anchor
            if anchor is None:
                return list(inlines)
            return {"t": "Link", "c": [attributes, inlines, [f"#{anchor}", title]]}

        section.parts = [
            _map_inlines(part, lambda node: walk(node, change)) for part in section.parts
        ]


def _map_inlines(part: Part, change: Any) -> Part:
    if isinstance(part, Passage):
        return Passage(change(part.blocks))
    if isinstance(part, Heading):
        return replace(part, inlines=change(part.inlines))
    if isinstance(part, NumberedFigure):
        return replace(part, caption=change(part.caption))
    if isinstance(part, NumberedTable):
        return replace(part, table=change(part.table), caption=change(part.caption))
    return part
