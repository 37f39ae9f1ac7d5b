"""Letters as an answer: every way to write them, and what is said of others."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.exercises.letters import Letters, letters_of

WHY = {"a": "That is a row.", "b": "", "c": "", "d": "That is all images."}
ONE, SEVERAL = Letters(WHY | {"c": "Half of it."}, False), Letters(WHY, True)


@pytest.mark.parametrize("answer", ["b", "B", " b) ", "(b)", ["b"], ("B)",), {"b"}, "b."])
def test_one_letter_in_every_form(answer: Any) -> None:
    """Capitals, brackets and points do not matter, nor does a list of one."""
    assert ONE.problem(answer, {"b"}) is None
    assert ONE.problem(answer, {"c"}) is not None


@pytest.mark.parametrize(
    "answer", ["b c", "bc", "c,b", "B and C", "b; c)", ["c", "b"], {"b", "c"}, "b b c"]
)
def test_several_letters_in_every_form(answer: Any) -> None:
    """In any order, between any signs."""
    assert SEVERAL.problem(answer, frozenset("bc")) is None


@pytest.mark.parametrize(
    ("matcher", "answer", "said"),
    [
        (ONE, "a", "a) That is a row."),
        (ONE, "d", "d) That is all images."),
        (ONE, "b c", "just one of the choices is right"),
        (ONE, 2, 'expected a letter such as "b" but got a whole number'),
        (ONE, {"b": 1}, "but got a dict"),
        (ONE, [1], "but got a list"),
        (ONE, "", "but got none"),
        (ONE, "e", "of a, b, c, d, but got 'e'"),
        (SEVERAL, "bce", "expected letters such as \"a c\", of a, b, c, d, but got 'bce'"),
        (ONE, "bc", "just one of the choices is right"),
        (SEVERAL, "b", "what you chose is right, but it is not all that is"),
        (SEVERAL, "b d c", "d) That is all images."),
        (SEVERAL, "a b c d", "a) That is a row."),
    ],
)
def test_what_is_wrong_is_said(matcher: Letters, answer: Any, said: str) -> None:
    """What is wrong about the first wrong choice alone, what is missing, or what was expected."""
    told = matcher.problem(answer, frozenset("b") if matcher is ONE else frozenset("bc"))
    assert told is not None and said in told
    assert told.count(")") <= 1


def test_what_has_no_letters() -> None:
    """Is told from an empty answer."""
    assert letters_of(b"b") is None and letters_of(None) is None
    assert letters_of([]) == []
