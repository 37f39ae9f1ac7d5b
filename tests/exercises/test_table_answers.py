"""Answers that are tables: every right form passes, every wrong one is told."""

from __future__ import annotations

import pandas as pd

from helpers.exercises.answers import Count, Share
from helpers.exercises.table_answers import Matrix, Predictions, Table

RIGHT = {"mel": 0.25, "nv": 0.8}
TABLE = pd.DataFrame({"dx": ["mel", "nv"], "recall": [0.25, 0.8], "images": [4, 10]})
MATRIX = pd.DataFrame([[1, 2], [3, 4]], index=["mel", "nv"], columns=["mel", "nv"])


def test_a_table_has_no_order() -> None:
    """Rows and columns in any order, its key in the index or in a column, more columns or not."""
    table = Table("dx", {"recall": Share(), "images": Count()})
    for answer in (
        TABLE,
        TABLE.iloc[::-1, ::-1],
        TABLE.set_index("dx"),
        TABLE.assign(more=1),
        TABLE.to_dict("list"),
        TABLE.to_dict("records"),
        TABLE.rename(columns=str.upper),
    ):
        assert table.problem(answer, TABLE) is None
    assert "missing column: recall" in str(table.problem(TABLE.drop(columns="recall"), TABLE))
    assert "rows: 1 of 2 missing: nv" in str(table.problem(TABLE[:1], TABLE))
    assert "recall of mel" in str(table.problem(TABLE.assign(recall=0.8), TABLE))
    assert "got a whole number" in str(table.problem(3, TABLE))
    assert "single values" in str(table.problem(RIGHT, TABLE))


def test_a_matrix_is_read_by_its_names() -> None:
    """Rows and columns in any order where they have names; an exchange is told."""
    matrix = Matrix(Count())
    assert matrix.problem(MATRIX.iloc[::-1, ::-1], MATRIX) is None
    assert matrix.problem(MATRIX.to_numpy(), MATRIX) is None
    assert "exchanged" in str(matrix.problem(MATRIX.T, MATRIX))
    assert "expected 2 by 2" in str(matrix.problem(MATRIX[:1], MATRIX))
    assert "4 of 4" in str(matrix.problem(MATRIX / 10 + 0.5, MATRIX))
    assert "got a dict" in str(matrix.problem({}, MATRIX))


def test_predictions_are_read_by_image() -> None:
    """In any order; shares that do not sum to 1 and other images are told."""
    right = pd.DataFrame({"image_id": ["a", "b"], "p_mel": [0.2, 0.6], "p_nv": [0.8, 0.4]})
    matcher = Predictions()
    assert matcher.problem(right.iloc[::-1, ::-1], right) is None
    assert matcher.problem(right.set_index("image_id"), right) is None
    assert "sum to 1" in str(matcher.problem(right.assign(p_mel=0.9), right))
    assert "missing column: p_nv" in str(matcher.problem(right.drop(columns="p_nv"), right))
    assert "each once" in str(matcher.problem(right[:1], right))
    swapped = right.assign(p_mel=right["p_nv"], p_nv=right["p_mel"])
    assert "2 of 2 images" in str(matcher.problem(swapped, right))
