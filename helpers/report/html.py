"""Chapters as one page that needs no other file and asks no other host."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import atomic_file, cjk_characters, cjk_cut
from helpers.report.cells import Code, Text
from helpers.report.cover import Cover
from helpers.report.formulas import readable
from helpers.report.fragments import Heading, NumberedFigure, NumberedTable, Part, Passage, Section
from helpers.report.pandoc import Node, plain_text, walk, write
from helpers.report.pictures import MEDIA, Picture
from helpers.report.prose import asked_width
from helpers.report.tables import fit_table

HTML_TEMPLATE = Path(__file__).with_name("template.html.j2")
_WIDE_CM = 1000.0
_HAN = re.compile(
    r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff][\u3000-\u9fff\uff00-\uffef]*)"
)
_LANGUAGE = re.compile(r'<span lang="zh-Hant"[^>]*>([^<]*)</span>')


@dataclass(frozen=True)
class Entry:
    """Line of the table of contents."""

    anchor: str
    number: str
    title: str
    children: tuple[Entry, ...] = ()


def write_html(sections: list[Section], cover: Cover, target: Path) -> None:
    """Write the chapters of a report as one self-contained page.

    Pictures are ``data:`` addresses, formulas MathML, styles and the few lines of script
    inline. Source code is folded away and opens on a click.

    Parameters
    ----------
    sections : list of Section
        The chapters, parsed and numbered.
    cover : Cover
        What stands above the first chapter.
    target : Path
        The page to write.

    Raises
    ------
    ReportError
        If pandoc fails.
    """
    import jinja2
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

    blocks: list[Node] = []
    for section in sections:
        blocks += _section(section)
    body = write(blocks, "html5", "--mathml", "--syntax-highlighting=none", "--wrap=preserve")
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.from_string(HTML_TEMPLATE.read_text(encoding="utf-8")).render(
        cover=cover,
        contents=[_entry(section) for section in sections],
        body=body,
        cjk=_cjk_font(body),
        light=_highlight_rules(HtmlFormatter(style="friendly")),
        dark=_highlight_rules(HtmlFormatter(style="github-dark")),
    )
    with atomic_file(target) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _cjk_font(body: str) -> str:
    """Font of just the Chinese characters of the page, for readers who have none; or nothing."""
    used = {character for words in _LANGUAGE.findall(body) for character in words}
    covered = "".join(sorted(c for c in used if ord(c) in cjk_characters()))
    if not covered:
        return ""
    data = base64.b64encode(cjk_cut(covered).read_bytes()).decode()
    return f"data:font/otf;base64,{data}"


def _highlight_rules(formatter: Any) -> str:
    """Colours of source code, without the formatter's own background."""
    rules = formatter.get_style_defs(".code").splitlines()
    return "\n".join(rule for rule in rules if rule.startswith(".code .") and "linenos" not in rule)


def _entry(section: Section) -> Entry:
    children = tuple(
        Entry(part.anchor, part.number, plain_text(part.inlines))
        for part in section.parts
        if isinstance(part, Heading) and part.level == 2
    )
    number = str(section.chapter.number)
    return Entry(section.anchor, number, plain_text(section.title), children)


def _raw(text: str) -> Node:
    return {"t": "RawBlock", "c": ["html", text]}


def _raw_inline(text: str) -> Node:
    return {"t": "RawInline", "c": ["html", text]}


def _section(section: Section) -> list[Node]:
    label = f'<span class="number">Chapter {section.chapter.number}</span> '
    title = [_raw_inline(label), *_page_inlines(section.title, section)]
    blocks = [
        _raw(f'<section class="chapter" aria-labelledby="{section.anchor}">'),
        {"t": "Header", "c": [2, [section.anchor, [], []], title]},
    ]
    for part in section.parts:
        blocks += _part(part, section)
    return [*blocks, _raw("</section>")]


def _part(part: Part, section: Section) -> list[Node]:
    if isinstance(part, Heading):
        number = f'<span class="number">{part.number}</span> ' if part.number else ""
        inlines = [_raw_inline(number), *_page_inlines(part.inlines, section)]
        return [
            {
                "t": "Header",
                "c": [min(part.level + 1, 6), [part.anchor, [], []], inlines],
            }
        ]
    if isinstance(part, Passage):
        return _page_inlines(part.blocks, section)
    if isinstance(part, Code):
        return [_raw(_code(part, section.chapter.language))]
    if isinstance(part, Text):
        return [_raw(f'<pre class="output" tabindex="0">{html.escape(part.text)}</pre>')]
    if isinstance(part, NumberedFigure):
        return _figure(part, section)
    return _table(part, section)


def _code(part: Code, language: str) -> str:
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import TextLexer, get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        lexer = TextLexer()
    lines = part.text.count("\n") + 1
    said = "Parameters" if part.parameters else "Code"
    coloured = highlight(part.text, lexer, HtmlFormatter(nowrap=True))
    return (
        f'<details class="source"><summary>{said} <span>({lines} '
        f"{'line' if lines == 1 else 'lines'})</span></summary>"
        f'<pre class="code" tabindex="0"><code>{coloured}</code></pre></details>'
    )


def _figure(part: NumberedFigure, section: Section) -> list[Node]:
    width = f' style="width: {part.figure.width:g}cm"' if part.figure.width else ""
    source = _data_uri(part.figure.picture)
    image = f'<img src="{source}" alt="{html.escape(part.figure.alt)}"{width} loading="lazy">'
    if not part.number:
        return [_raw(f"<figure>{image}</figure>")]
    opening = (
        f'<figure id="figure-{part.number}">{image}'
        f'<figcaption><span class="number">Figure {part.number}</span> '
    )
    caption = _page_inlines(part.caption, section)
    closing = _raw_inline("</figcaption></figure>")
    return [{"t": "Plain", "c": [_raw_inline(opening), *caption, closing]}]


def _table(part: NumberedTable, section: Section) -> list[Node]:
    table = fit_table(part.table, _WIDE_CM).table
    table = _page_inlines([table], section)[0]
    if part.number:
        label = _raw_inline(f'<span class="number">Table {part.number}</span> ')
        caption = [label, *_page_inlines(part.caption, section)]
        content = list(table["c"])
        content[0] = [f"table-{part.number}", [], []]
        content[1] = [None, [{"t": "Plain", "c": caption}]]
        table = {"t": "Table", "c": content}
    return [_raw('<div class="table" tabindex="0">'), table, _raw("</div>")]


def _data_uri(picture: Picture) -> str:
    data = base64.b64encode(picture.data).decode()
    return f"data:{MEDIA[picture.suffix]};base64,{data}"


def _page_inlines(nodes: list[Node], section: Section) -> list[Node]:
    """Put pictures into the page, and say which words are Chinese."""

    def change(node: Node) -> Node | list[Node] | None:
        if node["t"] == "Image":
            _, caption, (key, title) = node["c"]
            width = asked_width(node)
            style = [["style", f"width: {width:g}cm"]] if width else []
            source = _data_uri(section.pictures[key])
            return {"t": "Image", "c": [["", [], style], caption, [source, title]]}
        if node["t"] == "Math":
            return {"t": "Math", "c": [node["c"][0], readable(node["c"][1])]}
        if node["t"] == "Str" and _HAN.search(node["c"]):
            return [_marked(piece) for piece in _HAN.split(node["c"]) if piece]
        return None

    changed: list[Node] = walk(nodes, change)
    return changed


def _marked(piece: str) -> Node:
    text: Node = {"t": "Str", "c": piece}
    if not _HAN.match(piece):
        return text
    language: Mapping[str, Any] = {
        "t": "Span",
        "c": [["", [], [["lang", "zh-Hant"]]], [text]],
    }
    return dict(language)
