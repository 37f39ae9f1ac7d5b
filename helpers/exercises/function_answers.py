"""Answers that are tried out: objects by their facts, functions by cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.exercises.answers import Matcher, kind_of
from helpers.exercises.listed_answers import Order, Values


@dataclass(frozen=True)
class Facts:
    """An object, such as a model, by what can be read off it.

    Parameters
    ----------
    facts : mapping of str to callable
        What is read off the answer, by its name; ``right`` maps the names to values.
    each : Matcher or mapping of str to Matcher
        Of the values.
    """

    facts: Mapping[str, Callable[[Any], Any]]
    each: Matcher | Mapping[str, Matcher]

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`."""
        found = {}
        for name, read in self.facts.items():
            try:
                found[name] = read(answer)
            except Exception:
                return f"{name} cannot be read off {kind_of(answer)}"
        return Values(self.each).problem(found, right)


@dataclass(frozen=True)
class Case:
    """What a function is called with, and what messages call it."""

    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Function:
    """A function by what it gives back; ``right`` is a list of pairs: `Case`, right result.

    Parameters
    ----------
    each : Matcher
        Of the results.
    """

    each: Matcher

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`."""
        if isinstance(answer, type) or not callable(answer):
            return (
                f"expected a function but got {kind_of(answer)}; give its name, without parentheses"
            )
        for case, result in right:
            try:
                given = answer(*(_own(argument) for argument in case.arguments))
            except Exception as error:
                return f"with {case.name} the function raised {type(error).__name__}: {error}"
            if given is None and self.each.problem(None, result) is not None:
                return f"with {case.name} the function gives nothing back: is there a return?"
            said = self.each.problem(given, result)
            if said is not None:
                return f"with {case.name}: {said}"
        return None


def _own(argument: Any) -> Any:
    """A copy, so that a function that changes its arguments spoils nothing."""
    return argument.copy() if hasattr(argument, "copy") else argument


def as_right(matcher: Matcher, wrong: Any, right: Any) -> Any:
    """An expected mistake in the form that its matcher wants of right answers.

    Parameters
    ----------
    matcher : Matcher
        Of the exercise.
    wrong : object
        As a student would give it.
    right : object
        The right answer.

    Returns
    -------
    object
        For `Function` pairs of case and result, for `Order` items with values, else `wrong`.
    """
    if isinstance(matcher, Function):
        return [(case, wrong(*(_own(one) for one in case.arguments))) for case, _ in right]
    if isinstance(matcher, Order):
        sign = -1 if matcher.descending else 1
        return {item: sign * place for place, item in enumerate(wrong)}
    return wrong
