"""Filters, counts and the table to take away."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.core.classes import CLASSES
from helpers.serving.apps import dashboard
from helpers.serving.apps.dashboard import (
    REST,
    Filters,
    count_ages,
    count_by,
    count_lesions,
    filter_rows,
    table_csv,
    values_of,
)
from helpers.serving.uploads.formula_injection import is_formula
from helpers.serving.uploads.metadata_tables import UNKNOWN, Metadata, drawn_table, read_table

HEAD = "lesion_id,image_id,dx,dx_type,age,sex,localization"


def table(*rows: str) -> Metadata:
    """A table of seven columns."""
    return read_table("\n".join([HEAD, *rows, ""]).encode())


def test_no_filter_keeps_all() -> None:
    """Empty filters keep every row, those without values too."""
    rows = drawn_table().rows
    assert len(filter_rows(rows, Filters())) == len(rows)


def test_filters_meet() -> None:
    """Rows pass all filters; ages include both ends."""
    rows = drawn_table().rows
    filters = Filters(dx=("mel", "nv"), sex=("female",), ages=(40, 60), without_age=False)
    kept = filter_rows(rows, filters)
    assert 0 < len(kept) < len(rows)
    assert set(kept["dx"]) <= {"mel", "nv"}
    assert set(kept["sex"]) == {"female"}
    assert kept["age"].between(40, 60).all()
    expected = (
        rows["dx"].isin(["mel", "nv"]) & (rows["sex"] == "female") & rows["age"].between(40, 60)
    )
    assert len(kept) == int(expected.sum())


def test_rows_without_an_age_are_kept_on_demand() -> None:
    """A missing age is neither inside nor outside a range of ages."""
    rows = table("a,1,nv,histo,,male,back", "b,2,nv,histo,50,male,back").rows
    assert len(filter_rows(rows, Filters(ages=(40, 60)))) == 2
    assert len(filter_rows(rows, Filters(ages=(40, 60), without_age=False))) == 1
    assert len(filter_rows(rows, Filters(ages=(60, 70)))) == 1


@pytest.mark.parametrize("column", ["dx", "sex", "localization"])
def test_counts_add_up(column: str) -> None:
    """Images of all values are all images; lesions are never more than images."""
    rows = drawn_table().rows
    counts = count_by(rows, column)
    assert counts["images"].sum() == len(rows)
    assert (counts["lesions"] <= counts["images"]).all()
    assert set(counts["value"]) == set(rows[column])


def test_lesions_are_counted_once() -> None:
    """Two images of a lesion are one lesion; rows without a lesion_id are none."""
    rows = table(
        "a,1,nv,histo,5,male,back", "a,2,nv,histo,5,male,back", ",3,nv,histo,5,male,back"
    ).rows
    assert count_lesions(rows) == 1
    assert count_by(rows, "dx").to_dict("records") == [{"value": "nv", "images": 3, "lesions": 1}]


def test_missing_values_are_shown_as_such() -> None:
    """What is not recorded is a value of its own, and the last one."""
    rows = table("a,1,nv,histo,5,,back", "b,2,nv,histo,5,,back", "c,3,nv,histo,5,male,back").rows
    assert count_by(rows, "sex")["value"].tolist() == ["male", UNKNOWN]
    assert values_of(rows, "sex") == ["male", UNKNOWN]


def test_classes_keep_their_order() -> None:
    """Diagnoses to choose from come in the book's order; strangers follow."""
    rows = table("a,1,zzz,histo,5,male,back", "b,2,nv,histo,5,male,back", "c,3,df,histo,5,,back")
    assert values_of(rows.rows, "dx") == ["df", "nv", "zzz"]
    assert values_of(drawn_table().rows, "dx") == list(CLASSES)


def test_many_values_are_counted_together() -> None:
    """A column of a thousand different texts gives a short chart."""
    many = table(*(f"{i},{i},nv,histo,5,male,place {i}" for i in range(1000))).rows
    counts = count_by(many, "localization")
    assert len(counts) == dashboard.MOST_VALUES + 1
    assert counts["value"].iloc[-1] == REST
    assert counts["images"].sum() == 1000
    assert len(values_of(many, "localization")) == dashboard.MOST_VALUES


def test_ages_are_counted_in_steps() -> None:
    """Steps hold their first year and not the next step's; gaps are zero."""
    rows = table(
        "a,1,nv,histo,0,male,back", "b,2,nv,histo,4,male,back", "c,3,nv,histo,15,male,back",
        "d,4,nv,histo,,male,back",
    ).rows  # fmt: skip
    counts, images, lesions = count_ages(rows)
    assert counts["low"].tolist() == [0, 5, 10, 15]
    assert counts["images"].tolist() == [2, 0, 0, 1]
    assert (images, lesions) == (1, 1)


def test_no_ages_at_all() -> None:
    """A table without an age has an empty chart and says how many are missing."""
    counts, images, _ = count_ages(table("a,1,nv,histo,,male,back").rows)
    assert counts.empty
    assert images == 1


def test_the_download_reads_back() -> None:
    """What is downloaded, uploaded again, is the same table."""
    before = drawn_table()
    after = read_table(table_csv(before, before.rows))
    assert after.has_dataset
    for column in before.rows:
        left, right = before.rows[column], after.rows[column]
        if column == "age":
            np.testing.assert_array_equal(left, right)
        else:
            assert left.astype(str).tolist() == right.astype(str).tolist()


@settings(max_examples=20)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
                min_size=6, max_size=6))  # fmt: skip
def test_no_cell_of_a_download_begins_like_a_formula(cells: list[str]) -> None:
    """Whatever was uploaded, a spreadsheet takes no downloaded cell for a formula."""
    buffer = io.StringIO()
    lesion, image, dx, kind, sex, site = cells
    # All are quoted: of itself the writer leaves a lone carriage return bare, which ends a line.
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow([lesion, image, dx, kind, "5", sex, site])
    read = table(buffer.getvalue().rstrip("\n"), "=a,+b,-c,@d,5,=e,@f")
    written = table_csv(read, read.rows).decode()
    found = list(csv.reader(io.StringIO(written, newline="")))
    assert len(found) == 3
    assert not any(is_formula(cell) for row in found for cell in row)
    assert found[2][0] == "'=a"


@pytest.mark.parametrize("start", ["=", "＝", "＋", "－", "＠"])
def test_formulas_of_full_width_are_defused_too(start: str) -> None:
    """Spreadsheets with an East Asian keyboard in mind compute them; counted, and disarmed."""
    read = table(f"{start}1,b,nv,histo,5,male,{start}2")
    fields = {note.code: note.fields for note in read.notes}
    assert fields["formulas"]["n"] == "2"
    row = list(csv.reader(io.StringIO(table_csv(read, read.rows).decode(), newline="")))[1]
    assert (row[0], row[6]) == (f"'{start}1", f"'{start}2")
