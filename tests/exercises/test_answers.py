"""Matchers: every right form passes, every wrong one is told what is wrong with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.exercises.answers import (
    Case,
    Choice,
    Count,
    Facts,
    Function,
    Matrix,
    Number,
    Order,
    Predictions,
    Share,
    Table,
    TextSet,
    Values,
    as_right,
)
from helpers.statistics import Estimate

NUMBER = Number(0.01, "two decimals")
RIGHT = {"mel": 0.25, "nv": 0.8}
TABLE = pd.DataFrame({"dx": ["mel", "nv"], "recall": [0.25, 0.8], "images": [4, 10]})
MATRIX = pd.DataFrame([[1, 2], [3, 4]], index=["mel", "nv"], columns=["mel", "nv"])


@pytest.mark.parametrize(
    "answer",
    [
        0.25,
        0.253,
        np.float32(0.25),
        np.array(0.25),
        np.array([0.25]),
        pd.Series([0.25]),
        Estimate(0.25, 0.1, 0.4, 12),
    ],
    ids=repr,
)
def test_a_number_comes_in_every_form(answer: object) -> None:
    """Python's, numpy's, of one element, an estimate; within the tolerance."""
    assert NUMBER.problem(answer, 0.25) is None
    assert Share().problem(answer, 0.25) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("0.25", "got a text"),
        ("25 %", "percent sign"),
        (True, "got a truth value"),
        (1j, "complex"),
        ([0.25], "got a list"),
        (np.zeros((2, 3)), "an array of 2 by 3 values"),
        (float("nan"), "got nan"),
        (float("inf"), "got inf"),
        (-0.25, "the sign is not"),
        (25.0, "too large: is that in per cent"),
        (0.0025, "too small"),
        (0.28, "close"),
        (0.5, "not this number"),
    ],
)
def test_a_wrong_number_is_told_why(answer: object, said: str) -> None:
    """Wrong type, shape, sign, per cent, rounding; never the number itself."""
    told = NUMBER.problem(answer, 0.25)
    assert told is not None and said in told
    assert "0.25" not in told


def test_a_share_knows_per_cent_and_its_complement() -> None:
    """Two slips that numbers in general do not have."""
    assert "divide by 100" in str(Share().problem(25, 0.25))
    assert "share of the others" in str(Share().problem(0.75, 0.25))
    assert "this is more" in str(Share().problem(1.7, 0.25))
    assert "this is less" in str(Share().problem(-0.5, 0.25))


def test_no_number_is_an_answer_where_there_is_none() -> None:
    """NaN and None are right where the right answer is NaN, and only there."""
    assert NUMBER.problem(float("nan"), float("nan")) is None
    assert NUMBER.problem(None, float("nan")) is None
    assert "here there is none" in str(NUMBER.problem(0.0, float("nan")))
    assert NUMBER.problem(None, 1.0) is not None


def test_counts_are_exact() -> None:
    """A float that is whole will do; one off is told as such."""
    assert Count().problem(np.int64(7), 7) is None
    assert Count().problem(7.0, 7) is None
    assert "whole number" in str(Count().problem(7.2, 7))
    assert "counted twice" in str(Count().problem(8, 7))
    assert "not this count" in str(Count().problem(70, 7))
    assert "text" in str(Count().problem("7", 7))


def test_a_choice_is_one_of_several() -> None:
    """Capitals, spaces and the class's name do not matter; ties are all right."""
    choice = Choice(("mel", "nv", "bcc"))
    assert choice.problem(" MEL ", "mel") is None
    assert choice.problem("Melanoma", "mel") is None
    assert choice.problem("nv", {"mel", "nv"}) is None
    assert "expected one of mel, nv, bcc" in str(choice.problem("x", "mel"))
    assert choice.problem("nv", "mel") == "not this one"
    assert "got a list" in str(choice.problem(["mel"], "mel"))


def test_an_order_lets_ties_swap() -> None:
    """By value: what is equal may stand either way."""
    values = {"a": 3.0, "b": 2.0, "c": 2.0, "d": 1.0}
    for answer in (["a", "b", "c", "d"], ("a", "c", "b", "d"), pd.Index(["a", "c", "b", "d"])):
        assert Order().problem(answer, values) is None
    assert Order().problem(pd.Series([3, 2, 2, 1], list("abcd")), values) is None
    assert Order().problem(pd.Series(list("abcd")), values) is None
    assert "wrong way round" in str(Order().problem(list("dbca"), values))
    assert Order(descending=False).problem(list("dbca"), values) is None
    assert "from place 2" in str(Order().problem(list("adbc"), values))
    assert "missing: d" in str(Order().problem(list("abc"), values))
    assert "does not belong" in str(Order().problem(list("abcx"), values))
    assert "more than once: a" in str(Order().problem(list("aabcd"), values))
    assert "in order" in str(Order().problem(set("abcd"), values))


def test_a_set_of_texts_has_no_order() -> None:
    """Any listing; how many are too many or missing is told, not which."""
    assert TextSet().problem(("nv", "mel"), {"mel", "nv"}) is None
    assert TextSet().problem(pd.Series(["nv", "mel"]), {"mel", "nv"}) is None
    assert TextSet().problem(["nv", "bcc"], {"mel", "nv"}) == "1 too many and 1 missing"
    assert "is none of" in str(TextSet(("mel", "nv")).problem(["x"], {"mel"}))
    assert "got a text" in str(TextSet().problem("mel", {"mel"}))


@pytest.mark.parametrize(
    "answer",
    [
        {"nv": 0.8, "mel": 0.25},
        pd.Series(RIGHT),
        pd.DataFrame([RIGHT]),
        pd.DataFrame({"recall": RIGHT}),
        TABLE[["dx", "recall"]],
        [("nv", 0.8), ("mel", 0.25)],
        {"NV": 0.8, "Melanoma": 0.25},
    ],
)
def test_values_come_in_every_form(answer: object) -> None:
    """Dict, Series, DataFrame of one row, of one column, of two, pairs; in any order."""
    assert Values(Share()).problem(answer, RIGHT) is None


def test_wrong_values_are_named() -> None:
    """A missing key, one too many, and the first that is wrong."""
    values = Values(Share())
    assert "missing: nv" in str(values.problem({"mel": 0.25}, RIGHT))
    assert "x does not belong" in str(values.problem(RIGHT | {"x": 1}, RIGHT))
    assert "1 of 2 not right; nv: " in str(values.problem(RIGHT | {"nv": 0.6}, RIGHT))
    assert "got a number" in str(values.problem(0.5, RIGHT))
    each = Values({"mel": Share(), "nv": Count()})
    assert each.problem({"mel": 0.25, "nv": 3}, {"mel": 0.25, "nv": 3}) is None


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


def test_an_object_is_read_by_its_facts() -> None:
    """What cannot be read off it is told by name."""
    facts = Facts({"rows": lambda a: a.shape[0], "columns": lambda a: a.shape[1]}, Count())
    assert facts.problem(MATRIX, {"rows": 2, "columns": 2}) is None
    assert "columns" in str(facts.problem(MATRIX["mel"], {"rows": 2, "columns": 2}))
    assert "rows cannot be read off a number" in str(facts.problem(3.0, {"rows": 2}))


def test_a_function_is_tried_on_cases() -> None:
    """What it gives, gives not, and raises; it cannot spoil the cases."""
    right = [(Case("[1, 3]", ([1, 3],)), 2.0), (Case("[5]", ([5],)), 5.0)]
    function = Function(NUMBER)
    assert function.problem(lambda x: sum(x) / len(x), right) is None
    assert "with [1, 3]: " in str(function.problem(sum, right))
    assert "is there a return" in str(function.problem(lambda x: None, right))
    assert "raised KeyError" in str(function.problem(lambda x: {}[0], right))
    assert "without parentheses" in str(function.problem(2.0, right))
    assert "got a class" in str(function.problem(list, right))
    assert "with [5]" in str(function.problem(lambda x: x.pop() - 1 if x[1:] else None, right))
    assert right[0][0].arguments == ([1, 3],)


def test_mistakes_become_right_answers() -> None:
    """So that an answer can be held against them."""
    right = [(Case("2", (2,)), 4.0)]
    wrong = as_right(Function(NUMBER), lambda x: x + 1, right)
    assert Function(NUMBER).problem(lambda x: 3, wrong) is None
    wrong = as_right(Order(), ["b", "a"], {"a": 2, "b": 1})
    assert Order().problem(["b", "a"], wrong) is None
    assert Order().problem(["a", "b"], wrong) is not None
    assert as_right(NUMBER, 3, 2) == 3
