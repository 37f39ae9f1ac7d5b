"""Answers of several items: every right form passes, every wrong one is told."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.exercises.answers import Count, Share
from helpers.exercises.listed_answers import Order, TextSet, Values

RIGHT = {"mel": 0.25, "nv": 0.8}
TABLE = pd.DataFrame({"dx": ["mel", "nv"], "recall": [0.25, 0.8], "images": [4, 10]})


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
