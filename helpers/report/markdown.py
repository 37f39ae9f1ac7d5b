"""Markdown as JupyterLab reads it, put into Markdown and HTML that pandoc reads the same way."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Literal

from helpers.report.formulas import ENVIRONMENTS

_FENCE = re.compile(r"(?m)^[ \t>]*(?:[-*+]\s+|\d+[.)]\s+)?(`{3,}|~{3,})[^\n`]*$")
_BLOCKS = "table|ul|ol|dl|pre|h[1-6]|p|center|figure|blockquote|div|svg|style|script|details"
_WITH_BLANK_LINES = frozenset({"table", "pre", "svg", "style", "script"})
_TOKEN = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<comment><!--.*?-->)"
    rf"|(?m:^)[ \t]*<(?P<block>{_BLOCKS})\b[^<>]*>"
    r"|(?P<embed><(?P<name>iframe|video|audio|object|embed|canvas)\b[^<>]*>)"
    r"|(?P<tag></?[A-Za-z][^<>\n]*(?:\n[^<>\n]*)*>)"
    r"|(?P<display>\$\$(?:(?!\n\s*\n).)+?\$\$)"
    r"|(?P<bracket>\\\\\[(?:(?!\n\s*\n).)+?\\\\\])"
    r"|(?P<paren>\\\\\((?:(?!\n\s*\n).)+?\\\\\))"
    r"|(?P<environment>\\begin\{(?P<of>[A-Za-z]+)(?P<star>\*?)\}.*?\\end\{(?P=of)(?P=star)\})"
    r"|(?P<inline>(?<![\\$])\$(?!\$)(?:\\.|(?!\n\s*\n)[^$\\])+?\$(?!\$))"
    r"|(?P<defined>(?m:^)[ \t]*\\(?:(?:re|provide)?newcommand|DeclareMathOperator|def)\b[^\n]*)"
    r"|(?P<link>\]\([^()\s]*\))"
    r"|(?P<address>(?:https?://|www\.)[^\s<>]+)"
    r"|(?P<escaped>\\.)"
    r"|(?P<pandoc>\n[ \t>]*(?:(?=\(\w+\)\s|\#[.)]\s|[:~]\s)|(?![Pp])(?:[A-Z]|[IVXLC]+)(?=[.)]\s)))"
    r"|(?P<number>\n[ \t>]*\d{1,9}(?=[.)](?:[ \t\n]|\Z)))",
    re.DOTALL | re.IGNORECASE,
)
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_APART = re.compile(r"#{1,6}(?:\s|$)|<|\||(?:[-*_][ \t]*){3,}$")
"""How lines begin that are no part of a paragraph."""
_DELIMITERS = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_DEFINITION = re.compile(
    r"\\(?:(?P<new>(?:re|provide)?newcommand)\*?\s*(?:\{\s*(?P<name>\\[A-Za-z]+)\s*\}"
    r"|(?P<bare>\\[A-Za-z]+))\s*(?P<count>(?:\[[^\]]*\])*)"
    r"|def\s*(?P<def>\\[A-Za-z]+)\s*(?P<places>(?:#\d)*)"
    r"|DeclareMathOperator(?P<limits>\*?)\s*\{\s*(?P<operator>\\[A-Za-z]+)\s*\})"
    r"\s*(?P<body>\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\})"
)
_LABEL = re.compile(r"(?m)^ {0,3}\[(\^?[^\]\[\n]+)\]:[ \t]*\S")
_EMBEDDED = {
    "iframe": "Embedded page", "video": "Video", "audio": "Sound", "object": "Embedded object",
    "embed": "Embedded object", "canvas": "Drawing of a script",
}  # fmt: skip
_SHORTEST = 60


@dataclass
class Piece:
    """Stretch of a cell in one language."""

    language: Literal["markdown", "html"]
    text: str


@dataclass
class Read:
    """A cell of prose: its pieces, the macros that it defines, and what no page can show."""

    pieces: list[Piece] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def read_markdown(text: str) -> Read:
    r"""Split a cell of prose and write it so that pandoc sees what JupyterLab shows.

    Outside of code: a backslash before a letter is a backslash; ``\begin{cases}`` and its like
    are formulas without dollar signs; ``$ x $`` and ``\\(x\\)`` are formulas; a table may follow
    a line of text; a line of a sentence may begin with a number and begin no list; HTML that
    stands alone is a piece of its own; what is played or loaded is its link.

    Parameters
    ----------
    text : str
        Source of the cell.

    Returns
    -------
    Read

    >>> [piece.text for piece in read_markdown("In C:\\Users\\name").pieces]
    ['In C:\\\\Users\\\\name']
    """
    read = Read()
    parts: list[str] = []

    def end_piece() -> None:
        stretch = "".join(parts)
        if stretch.strip():
            after_html = bool(read.pieces)
            read.pieces.append(Piece("markdown", stretch.lstrip(" \t") if after_html else stretch))
        parts.clear()

    for is_code, stretch in _fenced(text.replace("\r\n", "\n")):
        if is_code:
            parts.append(stretch)
            continue
        stretch = _tables_apart(stretch)
        place = 0
        while (match := _TOKEN.search(stretch, place)) is not None:
            parts.append(stretch[place : match.start()])
            place = match.end()
            if match["block"]:
                whole = _element(stretch, match.start(), match["block"].lower())
                if whole is None:
                    parts.append(match[0])
                    continue
                place = match.start() + len(whole)
                end_piece()
                read.pieces.append(Piece("html", without_embeds(whole, read.lost)))
            elif match["embed"]:
                name = match["name"].lower()
                whole = _element(stretch, match.start(), name) or match[0]
                place = match.start() + len(whole)
                said, address = _embedded(whole, name)
                read.lost.append(said)
                parts.append(f"[{_plain(said)}]({address})" if address else f"*{_plain(said)}*")
            elif match["pandoc"]:
                parts.append(match[0] + "\\")
            elif match["number"]:
                counts = not _interrupts(match["number"], stretch[: match.start()])
                parts.append(match[0] if counts else match[0] + "\\")
            else:
                parts.append(_token(match, read))
        parts.append(stretch[place:])
    end_piece()
    return read


def labels(text: str) -> set[str]:
    """Names of the links and footnotes that a piece of Markdown defines."""
    return {
        label.casefold()
        for is_code, stretch in _fenced(text)
        if not is_code
        for label in _LABEL.findall(stretch)
    }


def without_embeds(page: str, lost: list[str]) -> str:
    """HTML whose films, sounds and embedded pages are links, and which runs no script."""
    page = re.sub(r"(?is)<(style|script|template)\b.*?</\1\s*>|<!--.*?-->|<link\b[^>]*>", "", page)

    def link(match: re.Match[str]) -> str:
        said, address = _embedded(match[0], match[1].lower())
        lost.append(said)
        shown = html.escape(said)
        return f'<a href="{html.escape(address)}">{shown}</a>' if address else f"<em>{shown}</em>"

    names = "|".join(_EMBEDDED)
    page = re.sub(rf"(?is)<({names})\b[^>]*>.*?</\1\s*>", link, page)
    return re.sub(rf"(?is)<({names})\b[^>]*>", link, page)


def _fenced(text: str) -> list[tuple[bool, str]]:
    """Stretches of a text, and whether each is a fenced block of code."""
    found, place = [], 0
    while (start := _FENCE.search(text, place)) is not None:
        marks = start[1]
        end = re.compile(rf"(?m)^[ \t>]*{marks[0]}{{{len(marks)},}}[ \t]*$").search(
            text, start.end()
        )
        stop = end.end() if end else len(text)
        found += [(False, text[place : start.start()]), (True, text[start.start() : stop])]
        place = stop
    return [*found, (False, text[place:])]


def _tables_apart(text: str) -> str:
    """Set a table apart from the line before it, as pandoc wants it."""
    lines = text.split("\n")
    apart = lines[:1]
    for number, line in enumerate(lines[1:], start=1):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        begins = "|" in line and "|" in after and _DELIMITERS.fullmatch(after)
        if begins and lines[number - 1].strip():
            apart.append("")
        apart.append(line)
    return "\n".join(apart)


def _interrupts(line: str, before: str) -> bool:
    """Whether a number and a full stop begin a line inside of a paragraph, where only 1 counts."""
    if int(line.strip(" \t\n>")) == 1:
        return False
    paragraph: list[str] = []
    for above in reversed(before.split("\n")):
        bare = above.lstrip(" \t>")
        if not bare or _APART.match(bare):
            break
        paragraph.append(above)
    if any(_ITEM.match(above.lstrip(" \t>")) for above in paragraph):
        return False
    # An indented paragraph may belong to an item above, and the number to the next item.
    return bool(paragraph) and not paragraph[-1].startswith("  ")


def _element(text: str, start: int, name: str) -> str | None:
    """An HTML element from its first tag to its last, with others of its name inside."""
    depth = 0
    for tag in re.compile(rf"<(/?){name}\b[^<>]*?(/?)>", re.IGNORECASE).finditer(text, start):
        depth += -1 if tag[1] else (0 if tag[2] else 1)
        if depth <= 0:
            whole = text[start : tag.end()]
            blank = re.search(r"\n[ \t]*\n", whole)
            return None if blank and name not in _WITH_BLANK_LINES else whole
    return None


def _token(match: re.Match[str], read: Read) -> str:
    """A token of running text as pandoc reads it."""
    whole = match[0]
    if match["bracket"] or match["paren"]:
        mark = "$$" if match["bracket"] else "$"
        inner = _own_definitions(whole[3:-3], read).strip()
        return f"{mark}{inner}{mark}" if inner else ""
    if match["environment"]:
        if match["of"] not in ENVIRONMENTS:
            return _plain(whole)
        formula = re.sub(r"\n\s*\n", "\n", _own_definitions(whole, read))
        return f"$${formula}$$"
    if match["display"]:
        inner = _own_definitions(whole[2:-2], read)
        return f"$${inner}$$" if inner.strip() else ""
    if match["inline"]:
        inner = _own_definitions(whole[1:-1], read)
        bare = inner.strip()
        if not bare:
            return "" if inner != whole[1:-1] else whole
        is_formula = bare == inner or re.search(r"[\\^_={}<>|]", bare) or " " not in bare
        return f"${bare}$" if is_formula else whole
    if match["defined"]:
        rest = _own_definitions(whole, read)
        return _plain(rest)
    if match["escaped"] and whole[1].isalpha():
        return "\\" + whole
    return whole


def _plain(text: str) -> str:
    """Text whose backslashes and brackets are no markup."""
    return re.sub(r"([\\\[\]*_`$<>])", r"\\\1", text)


def _own_definitions(tex: str, read: Read) -> str:
    """Take the macros out that a formula defines for all that follow."""

    def take(match: re.Match[str]) -> str:
        body = match["body"]
        if match["new"]:
            name, count = match["name"] or match["bare"], match["count"]
        elif match["def"]:
            name, places = match["def"], match["places"].count("#")
            count = f"[{places}]" if places else ""
        else:
            name, count = match["operator"], ""
            body = rf"{{\operatorname{match['limits']}{body}}}"
        read.definitions.append(rf"\newcommand{{{name}}}{count}{body}")
        return ""

    return _DEFINITION.sub(take, tex)


def _embedded(element: str, name: str) -> tuple[str, str]:
    """What an element plays or loads, in words, and its address where it has one."""
    found = re.search(r"""(?is)\b(?:src|data|href)\s*=\s*["']?([^"'\s>]+)""", element)
    address = html.unescape(found[1]) if found else ""
    if not re.match(r"https?://|//", address):
        shown = "" if address.startswith(("data:", "about:")) else address
        address = ""
    else:
        address = "https:" + address if address.startswith("//") else address
        shown = address if len(address) <= _SHORTEST else address[:_SHORTEST] + "…"
    return _EMBEDDED[name] + (f": {shown}" if shown else ""), address
