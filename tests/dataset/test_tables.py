"""Tables of text: read where only one reading is possible, refused with the place where not."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.dataset.tables import SEPARATORS, TableError, read_text_table

EXPECTED = pd.DataFrame({"image_id": ["a", "b"], "dx": ["nv", "mel"]}, dtype=str)
PLAIN = "image_id,dx\na,nv\nb,mel\n"


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (PLAIN.encode(), ""),
        (PLAIN.encode("utf-8-sig"), ""),
        (PLAIN.encode("utf-16"), "it is UTF-16"),
        (PLAIN.encode("utf-16-le"), "it is UTF-16"),
        (PLAIN.encode("utf-16-be"), "it is UTF-16"),
        (PLAIN.replace(",", ";").encode(), "its cells are divided by semicolons"),
        (PLAIN.replace(",", "\t").encode(), "its cells are divided by tabs"),
        (PLAIN.replace(",", "|").encode(), "its cells are divided by bars"),
        (PLAIN.replace("\n", ",\n").encode(), ""),  # a comma at the end of every row
        (PLAIN.replace("\n", ",,,\r\n").encode(), ""),
        (PLAIN.replace("a,nv\n", "a,nv,,\n\n , \n").encode(), ""),
        (PLAIN.replace("\n", "\r\n").encode(), ""),
    ],
)
def test_one_possible_reading(data: bytes, note: str) -> None:
    """Encodings, separators, empty cells at the ends of rows, lines without content."""
    table = read_text_table(data)
    pd.testing.assert_frame_equal(table.rows, EXPECTED)
    assert note in table.notes or not note


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "expected a first line with names but got nothing"),
        (b"\n \n", "got nothing"),
        (b"image_id,dx\na,nv\nb,mel,7\nc\n", "but got 3 in line 3, line 4"),
        (b"image_id,DX,dx\na,nv,nv\n", "each column once but got DX, dx"),
        (b"image_id,dx\na,\xff\xfe\n", "in UTF-8 but got other bytes"),
        (b"image_id,dx\na,n\0v\n", "binary data"),
        (b'image_id,dx\na,"nv\n', "correct the quotes there"),
        (b"a,b;c\n1,2;3\n", "commas and semicolons fit alike"),
        (b"PK\x03\x04\x14\0\6\0", "got a workbook; open it, save its sheet as CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "got a workbook"),
    ],
)
def test_no_or_several_readings(data: bytes, told: str) -> None:
    """The error says what was expected, what was got and in which line."""
    with pytest.raises(TableError, match=told):
        read_text_table(data)


def test_columns_without_a_name_are_kept_where_they_have_content() -> None:
    """A name that stood above several columns of a sheet; the line of each row is the file's."""
    table = read_text_table(b"image_id,dx,Colours,,\na,nv,X\nb,mel,,X,\n")
    assert list(table.rows.columns) == ["image_id", "dx", "Colours", "unnamed 4"]
    assert table.rows["unnamed 4"].tolist() == ["", "X"] and table.lines == (2, 3)


NAMES = st.lists(st.text("abcdefgh_", min_size=1, max_size=6), min_size=2, max_size=5, unique=True)


@settings(max_examples=40)
@given(NAMES, st.sampled_from(SEPARATORS), st.data())
def test_what_was_written_is_read(names: list[str], mark: str, data: st.DataObject) -> None:
    """Any cells of letters and digits, in any of the separators, and the line of each row."""
    cell = st.text("abcXYZ0123456789.-", min_size=1, max_size=8)
    cells = data.draw(
        st.lists(st.lists(cell, min_size=len(names), max_size=len(names)), max_size=3)
    )
    text = io.StringIO()
    csv.writer(text, delimiter=mark, lineterminator="\n").writerows([names, *cells])
    table = read_text_table(text.getvalue().encode())
    assert list(table.rows.columns) == names
    assert table.rows.to_numpy().tolist() == cells
    assert table.lines == tuple(range(2, len(cells) + 2))
