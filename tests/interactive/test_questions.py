"""A guess is held against the result by rule, and a form gives what the question asks for."""

from __future__ import annotations

from math import nan
from typing import Any

import pandas as pd
import pytest

from helpers.interactive.questions import (
    Choice,
    Number,
    Order,
    highest,
    lowest,
    ordered,
    question_of,
)
from helpers.statistics.intervals import Estimate

PERCENT = Number(0, 100, "%", 5)
FOUND = Estimate(0.63, 0.55, 0.70, 120)


@pytest.mark.parametrize(
    ("question", "guess", "result", "words"),
    [
        (Choice(("mel", "nv")), "nv", "nv", "You guessed **nv**; it is **nv**. Right."),
        (Choice(("mel", "nv")), "nv", ["mel"], "it is **mel**. Not what you guessed."),
        (
            Choice(("mel", "nv", "df")),
            "nv",
            ["mel", "nv"],
            "they are **mel and nv**, equally. Right.",
        ),
        (Choice(("mel", "nv")), "nv", [], "in this run there is no such name."),
        (PERCENT, 65.0, FOUND, "You guessed **65 %**; it is **63 %** [55, 70]. Right."),
        (PERCENT, 55.0, FOUND, "[55, 70]. Within the interval."),
        (PERCENT, 54.0, FOUND, "[55, 70]. Off by 9 points: too low."),
        (PERCENT, 80.0, 0.63, "it is **63 %**. Off by 17 points: too high."),
        (Number(-1, 1, "", 0.05), -0.5, -0.2, "**−0.50**; it is **−0.20**. Off by 0.30: too low."),
        (Number(0, 980, "lesions", 20), 400, 411.2, "it is **411 lesions**. Off by 11 lesions"),
        (Number(0, 980, "lesions", 30), 400, 411.2, "it is **411 lesions**. Right."),
        (PERCENT, 50.0, Estimate(nan, nan, nan, 0), "in this run there is no such number."),
        (Order(("a", "b", "c")), ["a", "b", "c"], ("a", "b", "c"), "**a, b, c**. Right."),
        (
            Order(("a", "b", "c")),
            ["b", "a", "c"],
            ["a", "b", "c"],
            "In their place: 1 of 3. Pairs the right way round: 2 of 3.",
        ),
    ],
)
def test_words_follow_the_rule(question: Any, guess: Any, result: Any, words: str) -> None:
    """Right, within the interval, or off by how much and which way; ties count as right."""
    assert words in question.sentence(guess, result)


@pytest.mark.parametrize(
    ("question", "result", "error"),
    [
        (Choice(("mel", "nv")), 3, TypeError),
        (PERCENT, "many", TypeError),
        (Order(("a", "b")), ["a", "c"], ValueError),
    ],
)
def test_another_kind_of_result_is_refused(question: Any, result: Any, error: type) -> None:
    """It is the chapter's mistake, and is told to its author."""
    with pytest.raises(error, match="result: expected"):
        question.sentence("a", result) if not isinstance(question, Number) else question.sentence(
            1.0, result
        )


@pytest.mark.parametrize(
    ("question", "bad", "good"),
    [
        (Choice(("mel", "nv")), [None, "", "df"], "mel"),
        (PERCENT, [None, True, "5", -1, 101, nan], 0),
        (Order(("a", "b")), [["a", ""], ["a", "a"], None], ["b", "a"]),
    ],
)
def test_what_is_no_answer_is_told(question: Any, bad: list[Any], good: Any) -> None:
    """Before it is kept."""
    assert all(question.problem(guess) for guess in bad)
    assert question.problem(good) == ""


def test_just_one_kind_is_asked() -> None:
    """None or two are refused, and so are a range upside down and a name that comes twice."""
    for choices, between in ((None, None), (["a", "b"], (0, 1))):
        with pytest.raises(ValueError, match="expected one of choices"):
            question_of(choices, between, None, "", 1)
    with pytest.raises(ValueError, match="between: expected"):
        question_of(None, (1, 0), None, "", 1)
    with pytest.raises(ValueError, match="step: expected"):
        question_of(None, (0, 1), None, "", 0)
    with pytest.raises(ValueError, match="each name once"):
        question_of(["a", "a"], None, None, "", 1)


def test_names_are_found_by_their_values() -> None:
    """Numbers and estimates; NaN is left out, and equal values share a place."""
    values = pd.Series(
        {"mel": FOUND, "nv": Estimate(0.9, 0.8, 1.0, 5), "df": Estimate(nan, 0, 1, 0)}
    )
    assert (highest(values), lowest(values), ordered(values)) == (["nv"], ["mel"], ["nv", "mel"])
    assert highest({"a": 1, "b": 1.0, "c": 0}) == ["a", "b"]
    assert highest({"a": nan}) == []
