"""Tables of text as people write them: encodings, separators, empty cells at the ends of rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass

import pandas as pd

from helpers.core import name_some

SEPARATORS = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_WIKI = "||"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How ``.xlsx`` and ``.ods`` files begin, and ``.xls`` files."""
_PH2_NAMES = ("image name", "common nevus", "atypical nevus", "melanoma")
_LARGEST_CELL = 1_000_000
_SEPARATOR_LINE = re.compile(r"\A\s*\"?sep=.\"?[ ;,\t]*(\r?\n)", re.IGNORECASE)
MOST_COLUMNS = 400
"""More than this is no table of labels: pixels or features, which would take minutes to read."""

_SHOWN = 5


class TableError(Exception):
    """A file that is no table; the text says what was expected and got, without the file's name."""


@dataclass(frozen=True)
class TextTable:
    """A table as it was read.

    Attributes
    ----------
    rows : DataFrame of str
        With a RangeIndex; names of columns and cells without blanks around them.
    lines : tuple of int
        Where in the file each row ends, counted from 1.
    notes : tuple of str
        What had to be understood, each a clause such as "it is UTF-16".
    """

    rows: pd.DataFrame
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()


def read_text_table(data: bytes) -> TextTable:
    """Read a table in whichever way is the only possible one.

    Parameters
    ----------
    data : bytes
        Text in UTF-8 or UTF-16, its cells divided by commas, semicolons, tabs or bars.

    Returns
    -------
    TextTable
        Empty cells at the ends of rows, rows without any content, and columns with neither a name
        nor content are left out.

    Raises
    ------
    TableError
        If it is no such text, rows have other numbers of cells than the first line, a name stands
        twice in the first line, or two separators fit alike.
    """
    if data.startswith(_WORKBOOKS):
        raise TableError(
            "expected a table of text but got a workbook; open it, save its sheet as CSV UTF-8 "
            "(File, Save As), and put that file in its place"
        )
    text, notes = _decoded(data)
    if not text.strip():
        raise TableError("expected a first line with names but got nothing (No columns)")
    if text.lstrip().startswith(_WIKI):
        return _wiki_table(text)
    text = _without_legend(_without_separator_line(text))
    first = text.lstrip("\r\n").splitlines()[0]
    if (width := max(first.count(mark) for mark in SEPARATORS)) >= MOST_COLUMNS:
        raise TableError(
            f"expected a table with a label for each image but got {width + 1:,} columns: pixels "
            "or features; this is left alone"
        )
    candidates = [mark for mark in SEPARATORS if mark in first] or [","]
    read, refused = {}, {}
    for mark in candidates:
        try:
            read[mark] = _parsed(text, mark)
        except TableError as error:
            refused[mark] = error
    wide = {mark: found for mark, found in read.items() if len(found[0]) > 1} or read
    if not wide:
        best = max(refused, key=first.count)
        raise refused[best]
    if len(wide) > 1:
        named = " and ".join(_NAMES[mark] for mark in wide)
        raise TableError(f"expected one separator but {named} fit alike; write it with one of them")
    ((mark, (names, cells, lines)),) = wide.items()
    if mark != ",":
        notes.append(f"its cells are divided by {_NAMES[mark]}")
    return TextTable(pd.DataFrame(cells, columns=names, dtype=str), tuple(lines), tuple(notes))


def _decoded(data: bytes) -> tuple[str, list[str]]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        kind = "utf-16"
    elif len(data) > 3 and data[1:200:2].count(0) > 0.9 * len(data[1:200:2]):
        kind = "utf-16-le"
    elif len(data) > 3 and data[:200:2].count(0) > 0.9 * len(data[:200:2]):
        kind = "utf-16-be"
    else:
        kind = "utf-8-sig"
    try:
        text = data.decode(kind)
    except UnicodeDecodeError as error:
        raise TableError(
            f"expected text in UTF-8 but got other bytes ({error}); save it as CSV UTF-8"
        ) from None
    if "\0" in text:
        raise TableError("expected text but got binary data; save the table as CSV")
    return text, ["it is UTF-16"] if kind.startswith("utf-16") else []


def _wiki_table(text: str) -> TextTable:
    """The table of PH2: lines of cells between double bars, the first three whole; a legend after.

    What follows the third is divided by single bars too, in other ways than the first line says.
    """
    rows = [
        ([cell.strip() for cell in line.split(_WIKI)[1:4]], number)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.lstrip().startswith(_WIKI) and line.count(_WIKI) > 3
    ]
    if not rows:
        raise TableError("expected lines of cells between double bars but got none")
    (names, _), *cells = rows
    return TextTable(
        pd.DataFrame([row for row, _ in cells], columns=names, dtype=str),
        tuple(number for _, number in cells),
    )


def _without_legend(text: str) -> str:
    """Blank lines in place of the legend that PH2's workbook, saved as text, has before the names.

    The line of the names is the one that has all of `_PH2_NAMES`; other tables stay as they are.
    """
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if all(name in line.casefold() for name in _PH2_NAMES):
            return "\n" * number + "".join(lines[number:])
    return text


def _without_separator_line(text: str) -> str:
    """A blank line in place of "sep=;", by which a spreadsheet is told how to divide cells."""
    return _SEPARATOR_LINE.sub(r"\1", text, count=1)


def _parsed(text: str, mark: str) -> tuple[list[str], list[list[str]], list[int]]:
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    cells, lines = [], []
    try:
        for row in reader:
            stripped = [cell.strip() for cell in row]
            if any(stripped):
                cells.append(stripped)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise TableError(
            f"expected cells divided by {_NAMES[mark]} but got {error} in line {reader.line_num}; "
            "correct the quotes there"
        ) from None
    names = cells.pop(0)
    lines.pop(0)
    wider = bool(cells) and all(len(row) == len(names) + 1 for row in cells)
    if wider and all(names) and all(row[0] == str(n) for n, row in enumerate(cells, 1)):
        # R writes the numbers of rows without a name above them.
        names = ["", *names]
    width = max((place + 1 for place, name in enumerate(names) if name), default=0)
    ragged = []
    for number, row in enumerate(cells):
        while len(row) > width and not row[-1]:
            row.pop()
        if not width <= len(row) <= len(names):
            ragged.append(number)
        else:
            row += [""] * (len(names) - len(row))
    if ragged:
        named = name_some([f"line {lines[number]}" for number in ragged], _SHOWN)
        got = len(cells[ragged[0]])
        raise TableError(
            f"expected {width} cells divided by {_NAMES[mark]} in each row, as in the first line, "
            f"but got {got} in {named}; correct these rows"
        )
    kept = [place for place, name in enumerate(names) if name or any(row[place] for row in cells)]
    names = [names[place] or f"unnamed {place + 1}" for place in kept]
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        raise TableError(f"expected each column once but got {name_some(twice)} more than once")
    return names, [[row[place] for place in kept] for row in cells], lines
