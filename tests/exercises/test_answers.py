"""Answers of single values: every right form passes, every wrong one is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.exercises.answers import Choice, Count, Number, Share
from helpers.statistics import Estimate

NUMBER = Number(0.01, "two decimals")


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
