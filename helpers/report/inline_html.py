"""HTML tags among words, which pandoc leaves as they are, as elements of its syntax tree."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from helpers.report.pandoc import Node, plain_text

_TAG = re.compile(r"<\s*(/?)\s*([A-Za-z][\w:-]*)([^>]*?)(/?)\s*>$", re.DOTALL)
_MARKS = {
    "sup": "Superscript", "sub": "Subscript", "b": "Strong", "strong": "Strong", "i": "Emph",
    "em": "Emph", "cite": "Emph", "dfn": "Emph", "var": "Emph", "s": "Strikeout",
    "del": "Strikeout", "strike": "Strikeout", "u": "Underline", "ins": "Underline",
}  # fmt: skip
_CODE = frozenset({"code", "kbd", "tt", "samp"})
_ELEMENTS = (
    "a abbr address article aside b bdi bdo big blockquote body br button caption center cite code "
    "col colgroup data dd del details dfn div dl dt em fieldset figcaption figure font footer form "
    "g h1 h2 h3 h4 h5 h6 head header hr html i img input ins kbd label legend li link main map "
    "mark math meta nav nobr ol option p path picture pre q rect ruby s samp section select small "
    "source span strike strong style sub summary sup svg table tbody td text textarea tfoot th "
    "thead time title tr tt u ul var wbr"
)
_KNOWN = frozenset(_ELEMENTS.split())


def attributes_of(tag: str) -> dict[str, str]:
    """Attributes of a tag, names in lower case."""
    found: dict[str, str] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
            found.update({name: value or "" for name, value in attrs})

    Reader().feed(tag)
    return found


def image_node(tag: str) -> Node:
    """An ``<img>`` as pandoc's picture; its alternative text is no caption."""
    attributes = attributes_of(tag)
    kept = [[key, attributes[key]] for key in ("width", "height", "style") if key in attributes]
    alt: list[Node] = [{"t": "Str", "c": attributes["alt"]}] if attributes.get("alt") else []
    return {"t": "Image", "c": [["", ["html"], kept], alt, [attributes.get("src", ""), ""]]}


def with_tags(node: Any) -> Any:
    """Rebuild a syntax tree in which pairs of tags around inlines are elements.

    What is no element of HTML, such as the ``<int>`` of ``vector<int>``, is text.
    """
    if isinstance(node, dict):
        parts = {key: with_tags(part) for key, part in node.items() if type(part) in _NESTED}
        changed = any(part is not node[key] for key, part in parts.items())
        return node | parts if changed else node
    if not isinstance(node, list):
        return node
    pieces = [with_tags(part) if type(part) in _NESTED else part for part in node]
    if any(isinstance(piece, dict) and _html(piece) is not None for piece in pieces):
        return _paired(pieces)
    changed = any(new is not old for new, old in zip(pieces, node, strict=True))
    return pieces if changed else node


_NESTED = (dict, list)


def _html(node: Node) -> str | None:
    is_raw = node.get("t") == "RawInline" and node["c"][0] == "html"
    return node["c"][1] if is_raw else None


def _paired(inlines: list[Node]) -> list[Node]:
    opened: list[tuple[str, str, list[Node]]] = [("", "", [])]
    for node in inlines:
        text = _html(node)
        if text is None:
            opened[-1][2].append(node)
            continue
        tag = _TAG.match(text.strip())
        if tag is None:  # a comment
            continue
        name = tag[2].lower()
        if name == "img":
            opened[-1][2].append(image_node(text))
        elif name == "br":
            opened[-1][2].append({"t": "LineBreak"})
        elif name not in _KNOWN and not tag[3].strip() and not tag[1]:
            opened[-1][2].append({"t": "Str", "c": text})
        elif not tag[1] and not tag[4] and (name in _MARKS or name in _CODE or name in ("a", "q")):
            opened.append((name, text, []))
        elif tag[1] and name in [other for other, _, _ in opened]:
            while opened[-1][0] != name:
                _, _, inner = opened.pop()
                opened[-1][2].extend(inner)
            _, start, inner = opened.pop()
            opened[-1][2].extend(_wrapped(name, start, inner))
    while len(opened) > 1:
        _, _, inner = opened.pop()
        opened[-1][2].extend(inner)
    return opened[0][2]


def _wrapped(name: str, start: str, inner: list[Node]) -> list[Node]:
    if not inner:
        return []
    if name in _MARKS:
        return [{"t": _MARKS[name], "c": inner}]
    if name in _CODE:
        return [{"t": "Code", "c": [["", [], []], plain_text(inner)]}]
    if name == "q":
        return [{"t": "Quoted", "c": [{"t": "DoubleQuote"}, inner]}]
    target = attributes_of(start).get("href", "")
    return [{"t": "Link", "c": [["", [], []], inner, [target, ""]]}] if target else inner
