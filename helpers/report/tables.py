"""Tables that fit the page: alignment of numbers, size of the type, widths of the columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from helpers.core import text_units
from helpers.report.pandoc import Node, plain_text, walk

_SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5)
_UNIT_EM = 0.56
"""Mean width of a half-width character in the tables' type, in em, with some to spare."""
_INSET_PT = 9.0
_SHORT_ROWS = 22
_NUMBER = re.compile(r"[-+−–]?[\d.,\s]*\d[\d.,]*\s?(%|s|MB|GB)?(\s?[\[(±].*)?|[–—-]|nan|NaN|")


@dataclass(frozen=True)
class FittedTable:
    """A pandoc table with widths, the size of its type in points, and whether it is short."""

    table: Node
    size: float
    short: bool


def fit_table(table: Node, width_cm: float) -> FittedTable:
    """Make a table fit the width of the page.

    The type shrinks from 9 to 6.5 points until every cell fits on a line (header cells may
    wrap between words). What is wider still gets column widths, and its cells wrap.

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
    widest = [1] * n_columns
    tightest = [1] * n_columns
    for cells, is_head in [*((c, True) for c in heads), *((c, False) for c in rows)]:
        if len(cells) != n_columns:
            continue
        for place, text in enumerate(cells):
            words = max(map(text_units, text.split()), default=1)
            tightest[place] = max(tightest[place], min(words, 14))
            widest[place] = max(widest[place], words if is_head else text_units(text) or 1)
    width = width_cm / 2.54 * 72
    size = _SIZES[-1]
    fits = False
    for size in _SIZES:
        fits = sum(widest) * _UNIT_EM * size + n_columns * _INSET_PT <= width
        if fits:
            break
    if not fits:  # smaller type only helps where it avoids wrapping
        size = 7.5
    aligned = []
    shares = _shares(widest, tightest, width, size)
    for place, (alignment, _) in enumerate(columns):
        values = [cells[place] for cells in rows if len(cells) == n_columns]
        numeric = bool(values) and all(_NUMBER.fullmatch(value.strip()) for value in values)
        if alignment["t"] in ("AlignDefault", "AlignRight", "AlignLeft"):
            alignment = {"t": "AlignRight" if numeric else "AlignLeft"}
        column_width = {"t": "ColWidthDefault"}
        if not fits:
            column_width = {"t": "ColWidth", "c": shares[place]}  # type: ignore[dict-item]
        aligned.append([alignment, column_width])
    content = [attributes, caption, aligned, _plain(head), _plain(bodies), _plain(foot)]
    fitted = walk({"t": "Table", "c": content}, _breakable)
    return FittedTable(fitted, size, len(rows) <= _SHORT_ROWS)


def _cells(row: Any) -> list[str]:
    """Text of a row's cells."""
    return [plain_text(cell[4]) for cell in row[1]]


def _plain(rows: Node) -> Node:
    """Cells aligned by their column alone."""

    def strip(node: object) -> object:
        if isinstance(node, list):
            is_cell = len(node) == 5 and isinstance(node[1], dict) and "Align" in node[1]["t"]
            if is_cell:
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


def _whole_intervals(inlines: list[Node]) -> list[Node]:
    """Keep both ends of an interval on one line."""
    joined = list(inlines)
    for place, node in enumerate(joined[1:-1], start=1):
        if node["t"] == "Space" and str(joined[place - 1].get("c")).startswith("["):
            joined[place] = {"t": "Str", "c": "\u00a0"}
    return joined


def _breakable(node: Node) -> Node | None:
    """Let long names in cells break after an underscore, a slash or a hyphen, short ones not."""
    if "c" in node and isinstance(node["c"], list) and node["t"] in ("Plain", "Para"):
        return {"t": node["t"], "c": _whole_intervals(node["c"])}
    if node["t"] != "Str":
        return None
    if len(node["c"]) < 15:
        return {"t": "Str", "c": node["c"].replace("++", "+\u2060+")}
    return {"t": "Str", "c": re.sub(r"(?<=[_/\-])(?=\w)", "\u200b", node["c"])}
