"""Chapters as the body of a page: figures, tables, code that folds, words in Chinese marked."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from helpers.report.cells import Code, Text
from helpers.report.formulas import readable
from helpers.report.pandoc import Node, walk
from helpers.report.parts import (
    Definitions,
    Exercise,
    Exercises,
    Heading,
    NumberedFigure,
    NumberedTable,
    Part,
    Passage,
    Section,
    Works,
)
from helpers.report.pictures import MEDIA, Picture
from helpers.report.prose import asked_width
from helpers.report.tables import fit_table

_WIDE_CM = 1000.0
_HAN = re.compile(
    r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff][\u3000-\u9fff\uff00-\uffef]*)"
)

TERM_CLASS = "term"
"""Of a link to the glossary, whose title is the definition."""


class Site(Protocol):
    """Where pictures and other places of the book are, as seen from a page."""

    def picture(self, picture: Picture) -> str:
        """Address of a picture."""

    def link(self, anchor: str) -> str:
        """Address of a place in the book."""


class OneFile:
    """A page that holds the whole book, and each picture in itself."""

    def picture(self, picture: Picture) -> str:
        """Address that is the picture."""
        data = base64.b64encode(picture.data).decode()
        return f"data:{MEDIA[picture.suffix]};base64,{data}"

    def link(self, anchor: str) -> str:
        """Address of a place in the book."""
        return f"#{anchor}"


class ManyFiles:
    """A folder of pages, with pictures in files beside them.

    Parameters
    ----------
    homes : mapping
        The page of each chapter's anchor, and of the glossary's.
    """

    def __init__(self, homes: Mapping[str, str]) -> None:
        self.homes = homes
        self.files: dict[str, bytes] = {}

    def picture(self, picture: Picture) -> str:
        """Address of a picture, which is kept in `files`."""
        name = f"pictures/{hashlib.sha256(picture.data).hexdigest()[:16]}{picture.suffix}"
        self.files[name] = picture.data
        return name

    def link(self, anchor: str) -> str:
        """Address of a place in the book; a page's own name leads to its top."""
        if anchor in self.homes:
            return self.homes[anchor]
        number = re.match(r"[a-z]+-(\d+)", anchor)
        key = "glossary" if anchor.startswith("term-") else f"chapter-{number and number[1]}"
        home = self.homes.get(key)
        return f"{home}#{anchor}" if home else f"#{anchor}"


def _raw(text: str) -> Node:
    return {"t": "RawBlock", "c": ["html", text]}


def _raw_inline(text: str) -> Node:
    return {"t": "RawInline", "c": ["html", text]}


def section_blocks(section: Section, site: Site) -> list[Node]:
    """Pandoc blocks of a chapter for a page, with raw HTML where pandoc knows no element.

    Parameters
    ----------
    section : Section
        A chapter, parsed and numbered.
    site : Site
        Where pictures and other places are.

    Returns
    -------
    list of dict
    """
    return _Body(section, site).blocks()


class _Body:
    """Writes the parts of one chapter."""

    def __init__(self, section: Section, site: Site) -> None:
        self.section = section
        self.site = site
        self.terms = 0

    def blocks(self) -> list[Node]:
        section = self.section
        label = f"Chapter {section.chapter.number}"
        before = "" if section.appendix else f'<span class="number">{label}</span> '
        title = [_raw_inline(before), *self._inlines(section.title)]
        blocks = [
            _raw(f'<section class="chapter" aria-labelledby="{section.anchor}">'),
            {"t": "Header", "c": [2, [section.anchor, [], []], title]},
        ]
        return [*blocks, *self._parts(section.parts), _raw("</section>")]

    def _parts(self, parts: Sequence[Part]) -> list[Node]:
        return [block for part in parts for block in self._part(part)]

    def _part(self, part: Part) -> list[Node]:
        if isinstance(part, Heading):
            number = f'<span class="number">{part.number}</span> ' if part.number else ""
            inlines = [_raw_inline(number), *self._inlines(part.inlines)]
            level = min(part.level + 1, 6)
            return [{"t": "Header", "c": [level, [part.anchor, [], []], inlines]}]
        if isinstance(part, Passage):
            return self._inlines(part.blocks)
        if isinstance(part, Code):
            return [_raw(_code(part, self.section.chapter.language))]
        if isinstance(part, Text):
            return [_raw(f'<pre class="output" tabindex="0">{html.escape(part.text)}</pre>')]
        if isinstance(part, NumberedFigure):
            return self._figure(part)
        if isinstance(part, NumberedTable):
            return self._table(part)
        if isinstance(part, Works):
            return self._works(part)
        if isinstance(part, Definitions):
            return self._definitions(part)
        return self._exercises(part)

    def _figure(self, part: NumberedFigure) -> list[Node]:
        width = f' style="width: {part.figure.width:g}cm"' if part.figure.width else ""
        source = self.site.picture(part.figure.picture)
        image = f'<img src="{source}" alt="{html.escape(part.figure.alt)}"{width} loading="lazy">'
        if not part.number:
            return [_raw(f"<figure>{image}</figure>")]
        opening = (
            f'<figure id="figure-{part.number}">{image}'
            f'<figcaption><span class="number">Figure {part.number}</span> '
        )
        caption = self._inlines(part.caption)
        closing = _raw_inline("</figcaption></figure>")
        return [{"t": "Plain", "c": [_raw_inline(opening), *caption, closing]}]

    def _table(self, part: NumberedTable) -> list[Node]:
        table = fit_table(part.table, _WIDE_CM).table
        table = self._inlines([table])[0]
        if part.caption:
            caption, content = self._inlines(part.caption), list(table["c"])
            if part.number:
                label = f'<span class="number">Table {part.number}</span> '
                caption = [_raw_inline(label), *caption]
                content[0] = [f"table-{part.number}", [], []]
            content[1] = [None, [{"t": "Plain", "c": caption}]]
            table = {"t": "Table", "c": content}
        return [_raw('<div class="table" tabindex="0">'), table, _raw("</div>")]

    def _works(self, part: Works) -> list[Node]:
        blocks = [_raw('<div class="works" role="list">')]
        for work in part.works:
            opening = (
                f'<div class="csl-entry" role="listitem" id="{work.anchor}">'
                f"<span>[{work.number}]</span><span>"
            )
            inlines = [_raw_inline(opening), *self._inlines(work.inlines)]
            blocks.append({"t": "Plain", "c": [*inlines, _raw_inline("</span></div>")]})
        return [*blocks, _raw("</div>")]

    def _definitions(self, part: Definitions) -> list[Node]:
        blocks = [_raw('<dl class="glossary">')]
        for entry in part.entries:
            opening = f'<dt id="{entry.anchor}">{html.escape(entry.term)}</dt><dd>'
            inlines = [_raw_inline(opening), *self._inlines(entry.inlines)]
            blocks.append({"t": "Plain", "c": [*inlines, _raw_inline("</dd>")]})
        return [*blocks, _raw("</dl>")]

    def _exercises(self, part: Exercises) -> list[Node]:
        n = sum(not exercise.is_quiz for exercise in part.exercises)
        said = "1 exercise" if n == 1 else f"{n} exercises"
        said += " and a quiz" if n < len(part.exercises) else ""
        opening = (
            f'<details class="exercises" id="{part.anchor}"><summary>{said}</summary>'
            f"<p>To do in JupyterLab: <code>{html.escape(part.file)}</code></p>"
        )
        blocks = [_raw(opening)]
        for exercise in part.exercises:
            blocks += self._exercise(exercise)
        return [*blocks, _raw("</details>")]

    def _exercise(self, exercise: Exercise) -> list[Node]:
        opening = f'<details class="exercise" id="{exercise.anchor}"><summary>'
        title = self._inlines(exercise.title)
        inlines = [_raw_inline(opening), *title, _raw_inline("</summary>")]
        blocks: list[Node] = [{"t": "Plain", "c": inlines}, *self._parts(exercise.task)]
        if exercise.solution:
            blocks.append(_raw('<details class="solution"><summary>Solution</summary>'))
            blocks += [*self._parts(exercise.solution), _raw("</details>")]
        return [*blocks, _raw("</details>")]

    def _inlines(self, nodes: list[Node]) -> list[Node]:
        """Put pictures and links into the page, and say which words are Chinese."""

        def change(node: Node) -> Node | list[Node] | None:
            if node["t"] == "Image":
                _, caption, (key, title) = node["c"]
                width = asked_width(node)
                style = [["style", f"width: {width:g}cm"]] if width else []
                source = self.site.picture(self.section.pictures[key])
                return {"t": "Image", "c": [["", [], style], caption, [source, title]]}
            if node["t"] == "Link" and node["c"][2][0].startswith("#"):
                return self._link(node)
            if node["t"] == "CodeBlock":  # what scrolls can be reached by keys
                (name, classes, others), text = node["c"]
                attributes = [name, [*classes, "code"], [*others, ["tabindex", "0"]]]
                return {"t": "CodeBlock", "c": [attributes, text]}
            if node["t"] == "Math":
                return {"t": "Math", "c": [node["c"][0], readable(node["c"][1])]}
            if node["t"] == "Str" and _HAN.search(node["c"]):
                return [_marked(piece) for piece in _HAN.split(node["c"]) if piece]
            return None

        changed: list[Node] = walk(nodes, change)
        return changed

    def _link(self, node: Node) -> Node | list[Node]:
        """Link to another place of the book; one to the glossary shows what it says."""
        attributes, inlines, (target, title) = node["c"]
        address = self.site.link(target[1:])
        if TERM_CLASS not in attributes[1]:
            return {"t": "Link", "c": [attributes, inlines, [address, title]]}
        self.terms += 1
        name = f"definition-{self.section.chapter.number}-{self.terms}"
        opening = f'<span class="gloss"><a class="term" href="{address}" aria-describedby="{name}">'
        closing = (
            f'</a><span class="tip" role="tooltip" id="{name}">{html.escape(title)}</span></span>'
        )
        return [_raw_inline(opening), *inlines, _raw_inline(closing)]


def _code(part: Code, language: str) -> str:
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

    lexer = _lexer(language)
    lines = part.text.count("\n") + 1
    said = "Parameters" if part.parameters else "Code"
    coloured = highlight(part.text, lexer, HtmlFormatter(nowrap=True))
    return (
        f'<details class="source"><summary>{said} <span>({lines} '
        f"{'line' if lines == 1 else 'lines'})</span></summary>"
        f'<pre class="code" tabindex="0"><code>{coloured}</code></pre></details>'
    )


_MAKING = threading.Lock()


def _lexer(language: str) -> Any:
    """A lexer of its own; Pygments reads the rules of a language at first use, and not safely."""
    from pygments.lexers import TextLexer, get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    with _MAKING:
        try:
            return get_lexer_by_name(language)
        except ClassNotFound:
            return TextLexer()


def _marked(piece: str) -> Node:
    text: Node = {"t": "Str", "c": piece}
    if not _HAN.match(piece):
        return text
    return {"t": "Span", "c": [["", [], [["lang", "zh-Hant"]]], [text]]}
