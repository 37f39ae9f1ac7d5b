"""Reading uploaded metadata tables."""

from __future__ import annotations

import time

import numpy as np
import pytest

from helpers.serving.uploads import metadata_tables as tables
from helpers.serving.uploads.metadata_tables import UNKNOWN, TableError, drawn_table, read_table

HEAD = "lesion_id,image_id,dx,dx_type,age,sex,localization"
ROW = "HAM_1,ISIC_1,nv,histo,45,male,back"


def text(*rows: str, head: str = HEAD) -> bytes:
    """A table as uploaded."""
    return "\n".join([head, *rows, ""]).encode()


def code_of(data: bytes) -> str:
    """Why a file is refused."""
    with pytest.raises(TableError) as caught:
        read_table(data)
    assert str(caught.value)
    return caught.value.code


def test_reads_seven_and_eight_columns() -> None:
    """Both published layouts are read, in any order of columns."""
    seven = read_table(text(ROW))
    eight = read_table(text("rosendahl," + ROW, head="dataset," + HEAD))
    assert not seven.has_dataset
    assert eight.has_dataset
    for read in (seven, eight):
        row = read.rows.iloc[0]
        assert (row["image_id"], row["dx"], row["age"]) == ("ISIC_1", "nv", 45.0)
        assert read.notes == ()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_reads_what_spreadsheets_write(separator: str) -> None:
    """Semicolons, tabs, a byte-order mark, UTF-16, CRLF and a name in capitals are understood."""
    plain = text(ROW).replace(b",", separator.encode()).replace(b"dx_type", b"DX_Type")
    for data in (
        b"\xef\xbb\xbf" + plain,
        plain.replace(b"\n", b"\r\n"),
        plain.decode().encode("utf-16"),
    ):
        assert read_table(data).rows["localization"].tolist() == ["back"]


def test_missing_values_have_one_name() -> None:
    """Empty, NA and unknown cells are the same; a missing age is NaN."""
    rows = ("a,1,nv,histo,,unknown,", "b,2,,,NA,NaN,unknown", "c,3, nv ,histo,0,,ear")
    read = read_table(text(*rows)).rows
    assert read["sex"].tolist() == [UNKNOWN] * 3
    assert read["dx"].tolist() == ["nv", UNKNOWN, "nv"]
    assert read["localization"].tolist() == [UNKNOWN, UNKNOWN, "ear"]
    np.testing.assert_array_equal(read["age"], [np.nan, np.nan, 0.0])


def test_odd_values_are_noted_and_shown() -> None:
    """Unknown diagnoses, odd ages, repeated images, formulas and further columns are told."""
    read = read_table(
        text(
            '"=HYPERLINK(""http://x"")",1,healthy,histo,-3,male,back,z',
            "+b,1,nv,@x,abc,male,back,z",
            head=HEAD + ",extra",
        )
    )
    assert {note.code for note in read.notes} == {
        "extra_columns",
        "unknown_diagnoses",
        "odd_ages",
        "repeated_images",
        "formulas",
    }
    fields = {note.code: note.fields for note in read.notes}
    assert fields["formulas"]["n"] == "3"
    assert fields["odd_ages"]["n"] == "2"
    assert "healthy" in fields["unknown_diagnoses"]["names"]
    assert read.rows["age"].isna().all()
    assert read.rows["dx"].tolist() == ["healthy", "nv"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table_empty"),
        (b" \n\n", "table_empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "table_html"),
        (b"\n <?xml version='1.0'?>", "table_html"),
        (b"PK\x03\x04 a spreadsheet", "table_spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "table_binary"),
        (text("a,b,nv,histo,3,男,ear").decode().encode("big5"), "table_encoding"),
        (b"image,MEL,NV\nISIC_1,0,1\n", "table_columns"),
        (b"just some words", "table_columns"),
        (text(ROW, head=HEAD.replace("sex", "age")), "table_columns"),
        (text(ROW + ",male", head=HEAD + ",sex"), "table_repeated"),
        (text(), "table_no_rows"),
        (HEAD.encode(), "table_no_rows"),
        (text(ROW, "a,b,c"), "table_ragged"),
        (text(ROW + ",more"), "table_ragged"),
    ],
)
def test_says_why_a_file_is_no_table(data: bytes, code: str) -> None:
    """Each kind of wrong file has its own reason."""
    assert code_of(data) == code


def test_messages_stay_short() -> None:
    """A file with a huge first line or huge names gives no huge message."""
    for data in (b"a," * 5_000_000, b"x" * 5_000_000, text(ROW, head=HEAD[:-3] + "y" * 5000)):
        with pytest.raises(TableError) as caught:
            read_table(data)
        assert len(str(caught.value)) < 1000


def test_ragged_lines_are_named() -> None:
    """The message names the lines as an editor numbers them."""
    with pytest.raises(TableError) as caught:
        read_table(text(ROW, "a,b,c", ROW, "a"))
    assert caught.value.fields["lines"] == "3, 5"


def test_a_million_rows() -> None:
    """A million rows are read; where they are too many bytes, that is said without reading."""
    small = b"".join(b"%d,%d,nv,,5,,\n" % (i // 2, i) for i in range(1_000_000))
    assert len(read_table(HEAD.encode() + b"\n" + small).rows) == 1_000_000
    started = time.process_time()
    assert code_of(text(*[ROW] * 1_000_000)) == "table_too_large"
    assert time.process_time() - started < 5


def test_more_rows_than_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a limit of rows too."""
    monkeypatch.setattr(tables, "MAX_ROWS", 2)
    assert len(read_table(text(ROW, ROW)).rows) == 2
    assert code_of(text(ROW, ROW, ROW)) == "table_too_many_rows"


def test_cells_may_hold_lines_and_commas() -> None:
    """Quoted cells are one cell."""
    read = read_table(text('"a,\nb",1,nv,histo,5,male,back'))
    assert read.rows["lesion_id"].tolist() == ["a,\nb"]


def test_the_drawn_sample_is_a_table() -> None:
    """The example has 600 rows, eight columns and nothing odd."""
    read = drawn_table()
    assert len(read.rows) == 600
    assert read.has_dataset
    assert read.notes == ()


@pytest.mark.real
def test_the_real_table(real_folder) -> None:  # type: ignore[no-untyped-def]
    """The published table has its published numbers."""
    rows = read_table((real_folder / "HAM10000_metadata.csv").read_bytes()).rows
    assert len(rows) == 10_015
    assert int(rows["age"].isna().sum()) == 57
    assert int((rows["sex"] == UNKNOWN).sum()) == 57
    assert int((rows["localization"] == UNKNOWN).sum()) == 234
