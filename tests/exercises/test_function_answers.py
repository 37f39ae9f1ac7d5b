"""Objects by their facts, functions by cases, and expected mistakes."""

from __future__ import annotations

import pandas as pd

from helpers.exercises.answers import Count, Number
from helpers.exercises.function_answers import Case, Facts, Function, as_right
from helpers.exercises.listed_answers import Order

NUMBER = Number(0.01, "two decimals")
MATRIX = pd.DataFrame([[1, 2], [3, 4]], index=["mel", "nv"], columns=["mel", "nv"])


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
