"""Lines of trainings become one small table; other output stays as it was printed."""

from __future__ import annotations

from helpers.report.cells import Table, Text
from helpers.report.training_lines import with_tables

LINE = "Trial 1: 5 epochs in 12 s; validation 0.812, balanced 0.640"


def test_lines_of_one_cell_are_a_table() -> None:
    """Values stand in their columns, and what was special in a note."""
    cached = "Trial 2: from the cache, 3 epochs in 7 s; validation 0.700, balanced nan"
    (table,) = with_tables((Text(4, LINE), Text(4, f"{cached}; memory ran out, so 4 images went")))
    assert isinstance(table, Table) and table.cell == 4 and table.caption == ""
    assert (
        "<td>Trial 1</td><td>5</td><td>12</td><td>0.812</td><td>0.640</td><td></td>" in table.html
    )
    assert "<td>from the cache; memory ran out, so 4 images went</td>" in table.html


def test_no_note_no_column() -> None:
    """A column that no line fills is left out."""
    (table,) = with_tables((Text(4, LINE), Text(4, LINE.replace("1", "2"))))
    assert isinstance(table, Table) and "Note" not in table.html


def test_other_text_and_a_line_alone_stay() -> None:
    """What is no such line, and lines of different cells, are not put together."""
    blocks = (Text(1, "hello"), Text(2, LINE), Text(3, LINE), Text(3, "waiting"))
    assert with_tables(blocks) == blocks
