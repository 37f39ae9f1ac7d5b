"""Tables that fit the page: alignment of numbers, size of the type, widths of the columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from helpers.core import text_units
from helpers.report.pandoc import Node, plain_text, walk

_SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5)
_UNIT_EM = 0.56
"""Mean width of a half-width character in the tables' type, in em, with some to spare."""
_INSET_PT = 9.0
_SHORT_ROWS = 22
_LONG_WORD = 15
_WIDE_EM = 0.62
"""Width of a character where words must not run into the next column."""
_WORD = re.compile(r"\[[^\s\]]+ [^\s\]]+\]|\S+")
"""A word of a cell; both ends of an interval are one."""

_PICTURE_GAP_CM = 0.5
_NUMBER = re.compile(r"[-+−–]?[\d.,\s]*\d[\d.,]*\s?(%|s|MB|GB)?(\s?[\[(±].*)?|[–—-]|nan|NaN|")


@dataclass(frozen=True)
class FittedTable:
    """A pandoc table with widths, and the size of its type in points.

    Attributes
    ----------
    short : bool
        Whether it has so few rows that it may stay on one page, if they are not tall.
    picture_cm : float
        Widest that a picture in a cell may be.
    """

    table: Node
    size: float
    short: bool
    picture_cm: float


def fit_table(table: Node, width_cm: float) -> FittedTable:
    """Make a table fit the width of the page.

    The type shrinks from 9 to 6.5 points until every cell fits on a line (header cells may
    wrap between words, and columns then get widths that hold the cells below whole). What is wider
    still gets column widths, and its cells wrap.

    Parameters
    ----------
    table : dict
        A table of pandoc's syntax tree.
    width_cm : float
        Width to fit.

    Returns
    -------
    FittedTable
    """
    attributes, caption, columns, head, bodies, foot = table["c"]
    n_columns = len(columns)
    heads = [_cells(row) for row in head[1]]
    rows = [_cells(row) for body in bodies for row in [*body[2], *body[3]]]
    rows += [_cells(row) for row in foot[1]]
    picture_cm = max(width_cm / n_columns - _PICTURE_GAP_CM, 1.0)
    picture_units = round(picture_cm / 2.54 * 72 / (_UNIT_EM * _SIZES[0]))
    whole = [1] * n_columns
    widest = [1] * n_columns
    tightest = [1] * n_columns
    for cells, is_head in [*((c, True) for c in heads), *((c, False) for c in rows)]:
        if len(cells) != n_columns:
            continue
        for place, text in enumerate(cells):
            if _PICTURE in text:
                tightest[place] = max(tightest[place], min(picture_units, 14))
                widest[place] = max(widest[place], picture_units)
            words = max(map(text_units, _WORD.findall(text)), default=1)
            tightest[place] = max(tightest[place], min(words, 14))
            widest[place] = max(widest[place], words if is_head else text_units(text) or 1)
            whole[place] = max(whole[place], widest[place], text_units(text))
    width = width_cm / 2.54 * 72

    def is_room(units: list[int], size: float) -> bool:
        return sum(units) * _UNIT_EM * size + n_columns * _INSET_PT <= width

    # Smaller type only helps where it avoids wrapping.
    size = next((size for size in _SIZES if is_room(widest, size)), 7.5)
    fits = is_room(widest, size)
    # Left to itself, Typst takes from the widest columns where heads have to wrap.
    left_alone = is_room(whole, size)
    shares = _shares(*((whole, widest) if fits else (widest, tightest)), width, size)
    aligned = []
    for place, (alignment, _) in enumerate(columns):
        values = [cells[place] for cells in rows if len(cells) == n_columns]
        numeric = bool(values) and all(_NUMBER.fullmatch(value.strip()) for value in values)
        if alignment["t"] in ("AlignDefault", "AlignRight", "AlignLeft"):
            alignment = {"t": "AlignRight" if numeric else "AlignLeft"}
        column_width = {"t": "ColWidthDefault"}
        if not left_alone:
            column_width = {"t": "ColWidth", "c": shares[place]}  # type: ignore[dict-item]
        aligned.append([alignment, column_width])
    rooms = [_ANY if fits else _room(share * width, size) for share in shares]
    parts = [_with_breaks(_plain(part), rooms) for part in (head, bodies, foot)]
    fitted = {"t": "Table", "c": [attributes, caption, aligned, *parts]}
    return FittedTable(fitted, size, len(rows) <= _SHORT_ROWS, picture_cm)


_ANY = 10**6


def _room(width: float, size: float) -> int:
    """Characters that a line of a column holds, whichever they are."""
    return max(int((width - _INSET_PT) / (_WIDE_EM * size)), 4)


def _fits(text: str, room: int) -> bool:
    """Whether a short word is left whole: columns are as wide as these are on the average."""
    return len(text) < _LONG_WORD and text_units(text) <= room * _WIDE_EM / _UNIT_EM + 1.5


def _with_breaks(rows: Any, rooms: list[int]) -> Any:
    """Let the words of each cell break as its column needs it; see `_breakable`."""
    if not isinstance(rows, list):
        return rows
    is_row = len(rows) == 2 and isinstance(rows[1], list) and rows[1] and _is_cell(rows[1][0])
    if not is_row:
        return [_with_breaks(part, rooms) for part in rows]
    cells = rows[1]
    own = rooms if len(cells) == len(rooms) else [min(rooms)] * len(cells)
    changed = [
        [*cell[:4], walk(cell[4], partial(_breakable, room=room))]
        for cell, room in zip(cells, own, strict=True)
    ]
    return [rows[0], changed]


def _is_cell(part: Any) -> bool:
    is_list = isinstance(part, list) and len(part) == 5 and isinstance(part[1], dict)
    return is_list and str(part[1].get("t", "")).startswith("Align")


_PICTURE = "\ufffc"
"""Stands for a picture in the text of a cell."""


def _cells(row: Any) -> list[str]:
    """Text of a row's cells."""

    def marked(node: Node) -> Node | None:
        return {"t": "Str", "c": _PICTURE} if node["t"] == "Image" else None

    return [plain_text(walk(cell[4], marked)) for cell in row[1]]


def _plain(rows: Node) -> Node:
    """Cells aligned by their column alone."""

    def strip(node: object) -> object:
        if isinstance(node, list):
            if _is_cell(node):
                return [node[0], {"t": "AlignDefault"}, *node[2:]]
            return [strip(part) for part in node]
        return node

    return strip(rows)  # type: ignore[return-value]


def _shares(widest: list[int], tightest: list[int], width: float, size: float) -> list[float]:
    """Share of the page's width for each column: its longest word, then by what it holds."""
    n_columns = len(widest)
    room = max((width - n_columns * _INSET_PT) / (_UNIT_EM * size), 1.0)
    least = sum(tightest)
    wanted = [wide - tight for wide, tight in zip(widest, tightest, strict=True)]
    spare = max(room - least, 0.0) / max(sum(wanted), 1)
    units = [
        tight + spare * want + _INSET_PT / (_UNIT_EM * size)
        for tight, want in zip(tightest, wanted, strict=True)
    ]
    return [round(unit / sum(units), 4) for unit in units]


def _whole_intervals(inlines: list[Node], room: int) -> list[Node]:
    """Keep both ends of an interval on one line, where a line of the column holds them."""
    joined = list(inlines)
    for place, node in enumerate(joined[1:-1], start=1):
        before, after = (str(joined[place + step].get("c")) for step in (-1, 1))
        fits = text_units(f"{before} {after}") <= room * _WIDE_EM / _UNIT_EM + 1.5
        if node["t"] == "Space" and before.startswith("[") and fits:
            joined[place] = {"t": "Str", "c": "\u00a0"}
    return joined


def _breakable(node: Node, room: int) -> Node | None:
    """Let long names in cells break, in code too; short ones not, unless a column is narrower."""
    if "c" in node and isinstance(node["c"], list) and node["t"] in ("Plain", "Para"):
        return {"t": node["t"], "c": _whole_intervals(node["c"], room)}
    if node["t"] == "Code":
        return {"t": "Code", "c": [node["c"][0], breakable(node["c"][1], room)]}
    if node["t"] != "Str":
        return None
    if _fits(node["c"], room):
        return {"t": "Str", "c": node["c"].replace("++", "+\u2060+")}
    return {"t": "Str", "c": breakable(node["c"], room)}


def breakable(text: str, room: int) -> str:
    r"""Let long words break where a reader would break them, and where there is no such place.

    Parameters
    ----------
    text : str
        Words of prose or code.
    room : int
        Half-width characters that a line holds; only longer stretches break between any two
        letters.

    Returns
    -------
    str
        With zero-width spaces.

    >>> breakable("helpers.report.tables", 40).count("\u200b"), breakable("0" * 12, 6)
    (2, '000000\u200b000000')
    """

    def word(match: re.Match[str]) -> str:
        whole = match[0]
        if _fits(whole, room):
            return whole
        places = re.sub(r"(?<=[_/.:=,;&?|@\\])(?=\w)|(?<=\w-)(?=\w)", "\u200b", whole)
        return re.sub(rf"[^\s\u200b]{{{room}}}(?=[^\s\u200b])", "\\g<0>\u200b", places)

    return re.sub(r"[^\s\u200b]+", word, text)


def shows_once(head: Any, mark: Node) -> Any:
    """A head that holds links, with a mark at its start: what is repeated may hold none."""
    found: list[Node] = []

    def look(node: Node) -> None:
        found.extend([node] if node["t"] in ("Link", "Note") else [])

    walk(head, look)
    if not found:
        return head
    attributes, rows = head
    (row, cells), *others = rows
    first = [*cells[0][:4], [{"t": "Plain", "c": [mark]}, *cells[0][4]]]
    if cells[0][4] and cells[0][4][0]["t"] in ("Plain", "Para"):
        start, *rest = cells[0][4]
        first[4] = [{"t": start["t"], "c": [mark, *start["c"]]}, *rest]
    return [attributes, [[row, [first, *cells[1:]]], *others]]


def without_foot(table: Node) -> Node:
    """A table whose foot is its last rows: Typst would repeat it on every page."""
    *before, bodies, foot = table["c"]
    if not foot[1]:
        return table
    rows = list(foot[1])
    if bodies:
        *others, (attributes, heads, top, last) = bodies
        bodies = [*others, [attributes, heads, top, [*last, *rows]]]
    else:
        bodies = [[["", [], []], 0, [], rows]]
    return {"t": "Table", "c": [*before, bodies, [foot[0], []]]}
