"""Tables that libraries show and no page holds: their first rows, and their columns in turns."""

from __future__ import annotations

from typing import Any

from helpers.core import text_units
from helpers.report.pandoc import Node, plain_text

_NARROWEST_CM = 0.5
_LETTER_CM = 0.14
"""Of a column: its insets, and a letter of the smallest type."""
_LONGEST_WORD = 14
_CROWDED = 1.3
"""Times its width at which a table is divided; up to there its words break."""


def first_rows(table: Node, most: int) -> tuple[Node, int]:
    """A table of at most so many rows, and how many of its rows are left out.

    Parameters
    ----------
    table : dict
        A table of pandoc's syntax tree.
    most : int
        Rows that stay, heads not counted.

    Returns
    -------
    table : dict
    left_out : int
    """
    *before, bodies, foot = table["c"]
    kept, left_out, room = [], 0, most
    for attributes, heads, top, rows in bodies:
        stay = rows[: max(room, 0)]
        room -= len(stay)
        left_out += len(rows) - len(stay)
        if stay or not rows:
            kept.append([attributes, heads, top, stay])
    return {"t": "Table", "c": [*before, kept, foot]}, left_out


def columns_in_turns(table: Node, width_cm: float) -> list[Node]:
    """Divide a table that is far too wide for a page into tables with as many columns as fit.

    Parameters
    ----------
    table : dict
        A table of pandoc's syntax tree.
    width_cm : float
        Width to fit.

    Returns
    -------
    list of dict
        The table alone, where its columns fit or a cell spans several. Else each has the first
        column, which says what a row is.
    """
    columns, head, bodies, foot = table["c"][2:]
    rows = [row for part in (head[1], foot[1]) for row in part]
    rows += [row for body in bodies for part in body[2:] for row in part]
    if any(_spans(row, len(columns)) for row in rows):
        return [table]
    widths = [_narrowest(row_cells) for row_cells in zip(*(row[1] for row in rows), strict=True)]
    if sum(widths) <= _CROWDED * width_cm or len(widths) < 3:
        return [table]
    turns: list[list[int]] = [[0]]
    for place, width in enumerate(widths[1:], start=1):
        if len(turns[-1]) > 1 and sum(widths[k] for k in turns[-1]) + width > width_cm:
            turns.append([0])
        turns[-1].append(place)
    return [_with_columns(table, turn) for turn in turns]


def _spans(row: Any, n_columns: int) -> bool:
    return len(row[1]) != n_columns or any(cell[2] != 1 or cell[3] != 1 for cell in row[1])


def _narrowest(cells: Any) -> float:
    """Width in centimetres of a column whose longest word is whole."""
    words = [word for cell in cells for word in plain_text(cell[4]).split()]
    longest = min(max(map(text_units, words), default=1), _LONGEST_WORD)
    return _NARROWEST_CM + _LETTER_CM * longest


def _with_columns(table: Node, places: list[int]) -> Node:
    attributes, caption, columns, head, bodies, foot = table["c"]

    def rows(whole: Any) -> Any:
        return [[row[0], [row[1][place] for place in places]] for row in whole]

    kept = [[body[0], body[1], rows(body[2]), rows(body[3])] for body in bodies]
    parts = [[head[0], rows(head[1])], kept, [foot[0], rows(foot[1])]]
    return {"t": "Table", "c": [attributes, caption, [columns[k] for k in places], *parts]}
