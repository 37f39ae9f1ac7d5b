"""Answers of several items: an order, a set of texts, a value for each key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pandas as pd

from helpers.exercises.answers import Matcher, folded_name, kind_of, listed


def _items(answer: Any) -> list[Any] | None:
    """The items of something listed; None if it lists nothing."""
    if isinstance(answer, pd.DataFrame):
        return list(answer.index) if answer.shape[1] != 1 else list(answer.iloc[:, 0])
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        return None
    return list(answer)


@dataclass(frozen=True)
class Order:
    """Items in order of their values; ``right`` maps each item to its value, so that ties may swap.

    Parameters
    ----------
    descending : bool, default=True
        Whether the largest comes first.
    tolerance : float, default=0.0
        Values no farther apart count as equal.
    """

    descending: bool = True
    tolerance: float = 0.0

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. A dict or Series is read as its keys, in their order."""
        given = list(answer.index) if isinstance(answer, pd.Series) else _items(answer)
        if given is None or isinstance(answer, set | frozenset):
            return f"expected a list, in order, but got {kind_of(answer)}"
        values = {folded_name(item): float(value) for item, value in dict(right).items()}
        if isinstance(answer, pd.Series) and not {folded_name(x) for x in given} & set(values):
            given = list(answer)
        items = [folded_name(item) for item in given]
        wrong = wrong_names(items, values)
        if wrong:
            return wrong
        sign = -1 if self.descending else 1
        ordered = [sign * values[item] for item in items]
        steps = list(pairwise(ordered))
        if all(a <= b + self.tolerance for a, b in steps):
            return None
        if all(a + self.tolerance >= b for a, b in steps):
            return "the wrong way round: what should come first?"
        good = next(n for n, (a, b) in enumerate(steps) if a > b + self.tolerance)
        return f"the order is not right; look again from place {good + 1} on"


def wrong_names(items: Sequence[str], known: Iterable[str]) -> str | None:
    """What is wrong with a list of names of which each belongs in once."""
    known = list(known)
    unknown = [item for item in dict.fromkeys(items) if item not in known]
    if unknown:
        return f"{listed(unknown[:5])} does not belong in; expected {listed(known)}"
    missing = [name for name in known if name not in items]
    if missing:
        return f"{len(missing)} of {len(known)} missing: {listed(missing[:5])}"
    if len(items) != len(set(items)):
        twice = [item for item in dict.fromkeys(items) if items.count(item) > 1]
        return f"more than once: {listed(twice[:5])}"
    return None


@dataclass(frozen=True)
class TextSet:
    """A set of texts, in any order; each `option` is in it or not.

    Parameters
    ----------
    options : sequence of str, optional
        What may be in it.
    """

    options: Sequence[str] = ()

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. A list, tuple, Series or Index will do."""
        items = _items(answer)
        if items is None:
            return f"expected a set or list of texts but got {kind_of(answer)}"
        given, wanted = {folded_name(item) for item in items}, {folded_name(item) for item in right}
        if given == wanted:
            return None
        unknown = (
            given - {folded_name(option) for option in self.options} if self.options else set()
        )
        if unknown:
            return f"{listed(sorted(unknown)[:5])} is none of {listed(self.options)}"
        extra, missing = len(given - wanted), len(wanted - given)
        parts = [f"{extra} too many"] if extra else []
        return " and ".join(parts + ([f"{missing} missing"] if missing else []))


@dataclass(frozen=True)
class Values:
    """A value for each key: a dict, a Series, a DataFrame of one row or column, or pairs.

    Parameters
    ----------
    each : Matcher
        Of the values; or a dict of one for each key.
    """

    each: Matcher | Mapping[str, Matcher]

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. ``right`` is a dict or Series."""
        given = _as_dict(answer)
        if given is None:
            return f"expected a dict or Series, a value for each key, but got {kind_of(answer)}"
        wanted = {folded_name(key): value for key, value in dict(right).items()}
        found = {folded_name(key): value for key, value in given.items()}
        wrong = wrong_names(list(found), wanted)
        if wrong:
            return wrong
        problems = {
            key: said
            for key, value in wanted.items()
            if (said := self._matcher(key).problem(found[key], value)) is not None
        }
        return first_problem(problems, len(wanted))

    def _matcher(self, key: str) -> Matcher:
        if isinstance(self.each, Mapping):
            return {folded_name(name): one for name, one in self.each.items()}[key]
        return self.each


def first_problem(problems: Mapping[str, str], n: int) -> str | None:
    """One line of several problems by name."""
    if not problems:
        return None
    name, said = next(iter(problems.items()))
    count = "" if len(problems) == n == 1 else f"{len(problems)} of {n} not right; "
    return f"{count}{name}: {said}"


def _as_dict(answer: Any) -> dict[Any, Any] | None:
    """Key and value of all that can hold them."""
    if isinstance(answer, Mapping):
        return dict(answer)
    if isinstance(answer, pd.Series):
        return dict(answer.items())
    if isinstance(answer, pd.DataFrame):
        if answer.shape[1] == 1:
            return dict(answer.iloc[:, 0].items())
        if answer.shape[0] == 1:
            return dict(answer.iloc[0].items())
        if answer.shape[1] == 2:
            return dict(zip(answer.iloc[:, 0], answer.iloc[:, 1], strict=True))
        return None
    if isinstance(answer, list | tuple) and all(
        isinstance(item, list | tuple) and len(item) == 2 for item in answer
    ):
        return dict(answer)
    return None
