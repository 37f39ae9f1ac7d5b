"""Lines that trainings leave in a chapter, one each, as one small table."""

from __future__ import annotations

import html
import re
from itertools import groupby

from helpers.report.cells import Block, Table, Text

_LINE = re.compile(
    r"(?P<name>.+?): (?P<cached>from the cache, )?(?P<epochs>\d+) epochs in (?P<seconds>\d+) s; "
    r"validation (?P<accuracy>[\d.]+|nan), balanced (?P<balanced>[\d.]+|nan)(?:; (?P<note>.+))?"
)
_HEADS = ("Training", "Epochs", "Seconds", "Validation accuracy", "Balanced", "Note")
_LEAST = 2


def with_tables(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Blocks in which the lines of trainings that follow each other are a table.

    Parameters
    ----------
    blocks : tuple of Block
        A chapter's, in order.

    Returns
    -------
    tuple of Block
        A line alone stays as it is.
    """
    done: list[Block] = []
    for (cell, is_line), group in groupby(blocks, key=lambda block: (block.cell, _is_line(block))):
        members = list(group)
        lines = [line for block in members for line in getattr(block, "text", "").split("\n")]
        done += [_table(cell, lines)] if is_line and len(lines) >= _LEAST else members
    return tuple(done)


def _is_line(block: Block) -> bool:
    lines = block.text.split("\n") if isinstance(block, Text) else []
    return bool(lines) and all(map(_LINE.fullmatch, lines))


def _table(cell: int, lines: list[str]) -> Table:
    found = [match for line in lines if (match := _LINE.fullmatch(line))]
    rows = [
        (
            match["name"],
            match["epochs"],
            match["seconds"],
            match["accuracy"],
            match["balanced"],
            "; ".join(filter(None, ["from the cache" if match["cached"] else "", match["note"]])),
        )
        for match in found
    ]
    n_columns = len(_HEADS) if any(row[-1] for row in rows) else len(_HEADS) - 1
    heads = "".join(f"<th>{head}</th>" for head in _HEADS[:n_columns])
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(value)}</td>' for value in row[:n_columns])}</tr>"
        for row in rows
    )
    return Table(cell, f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")
