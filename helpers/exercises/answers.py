"""What an answer may look like: each matcher says in one line what is wrong, or None if nothing is.

A matcher has one method, ``problem(answer, right)``. It may raise on strange answers: whoever calls
it (`helpers.exercises.checking`) turns that into a message. Here are those of single values; others
are in ``listed_answers.py``, ``table_answers.py`` and ``function_answers.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from inspect import isroutine
from numbers import Real
from typing import Any, Protocol

import numpy as np
import pandas as pd

from helpers.core import NAMES
from helpers.statistics import Estimate


class Matcher(Protocol):
    """Holds an answer against the right one."""

    def problem(self, answer: Any, right: Any) -> str | None:
        """What is wrong with an answer, in one line that does not give it away; None if right."""


def kind_of(value: Any) -> str:
    """What a student would call the type of a value.

    >>> kind_of([1]), kind_of("x"), kind_of(None)
    ('a list', 'a text', 'None')
    """
    if value is None:
        return "None"
    known: dict[type, str] = {
        bool: "a truth value", str: "a text", int: "a whole number", float: "a number",
        list: "a list", tuple: "a tuple", dict: "a dict", set: "a set", frozenset: "a set",
        pd.DataFrame: "a DataFrame", pd.Series: "a Series", np.ndarray: "an array",
    }  # fmt: skip
    if type(value) in known:
        return known[type(value)]
    if isinstance(value, type):
        return "a class"
    return "a function" if isroutine(value) else f"an object of type {type(value).__name__}"


def plain(value: Any) -> Any:
    """A value out of what wraps one: an `Estimate`, a numpy scalar, something of one element."""
    if isinstance(value, Estimate):
        return value.value
    if isinstance(value, np.ndarray | pd.Series | pd.Index | pd.DataFrame) and value.size == 1:
        return plain(np.asarray(value).reshape(-1)[0])
    return value.item() if isinstance(value, np.generic) else value


def folded_name(value: Any) -> str:
    """A name as it is compared: without capitals and outer spaces; a class's name is its code."""
    text = str(plain(value)).strip().casefold()
    return _CODES.get(text, text)


_CODES = {name.casefold(): code for code, name in NAMES.items()}


def listed(names: Iterable[Any]) -> str:
    """Names in a message."""
    return ", ".join(str(name) for name in names)


@dataclass(frozen=True)
class Number:
    """A number within a tolerance.

    Parameters
    ----------
    tolerance : float
        How far off an answer may be.
    because : str
        Why so far: what rounding or choice it allows for.
    what : str, default="a number"
        What messages call it.
    """

    tolerance: float
    because: str
    what: str = "a number"

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. A right answer of NaN takes NaN and None."""
        right, value = plain(right), plain(answer)
        if value is None and math.isnan(right):
            return None
        if isinstance(value, str):
            sign = "a percent sign is text: " if "%" in value else ""
            return f"{sign}expected {self.what} but got a text; leave the quotes out"
        if isinstance(value, bool) or not isinstance(value, Real):
            if isinstance(value, complex):
                return f"expected {self.what} but got a complex number"
            if isinstance(value, np.ndarray | pd.Series | pd.DataFrame):
                shape = " by ".join(str(length) for length in value.shape)
                return f"expected {self.what} but got {kind_of(value)} of {shape} values"
            return f"expected {self.what} but got {kind_of(value)}"
        found = float(value)
        if math.isnan(right):
            return None if math.isnan(found) else "here there is none: expected float('nan')"
        if not math.isfinite(found):
            return f"expected {self.what} but got {found}; was something divided by nought?"
        if abs(found - right) <= self.tolerance:
            return None
        return self._miss(found, right)

    def _near(self, found: float, right: float) -> bool:
        return abs(found - right) <= self.tolerance

    def _miss(self, found: float, right: float) -> str:
        if right and self._near(-found, right):
            return "the size is right, the sign is not"
        if right and self._near(found / 100, right):
            return "a hundred times too large: is that in per cent?"
        if right and self._near(found * 100, right):
            return "a hundred times too small"
        if abs(found - right) <= 5 * self.tolerance:
            return "close, but not close enough: round only at the end, if at all"
        return "not this number"


@dataclass(frozen=True)
class Share(Number):
    """A share of a whole, between 0 and 1."""

    tolerance: float = 0.005
    because: str = "two decimals are enough"
    what: str = "a share between 0 and 1"

    def _miss(self, found: float, right: float) -> str:
        if found > 1 and abs(found / 100 - right) <= max(self.tolerance, 0.005):
            return "a share lies between 0 and 1, and this is in per cent: divide by 100"
        if found > 1:
            return "a share lies between 0 and 1, and this is more"
        if self._near(1 - found, right):
            return "this is the share of the others: what is left to 1"
        if found < 0 <= right and not self._near(-found, right):
            return "a share lies between 0 and 1, and this is less"
        return super()._miss(found, right)


@dataclass(frozen=True)
class Count:
    """A whole number, exactly."""

    what: str = "a whole number"

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`."""
        right = plain(right)
        wrong = Number(0.0, "counts are exact", self.what).problem(answer, right)
        if wrong is None:
            return None
        value = plain(answer)
        if isinstance(value, int | float) and math.isfinite(value):
            if value != int(value):
                return "a count is a whole number, and this is none"
            if abs(value - right) == 1:
                return "not quite: is one counted twice, or left out?"
            return wrong if "sign" in wrong else "not this count"
        return wrong


@dataclass(frozen=True)
class Choice:
    """One of several texts; where several are right, ``right`` is a set of them.

    Parameters
    ----------
    options : sequence of str, optional
        What may be chosen; empty where anything may be written.
    """

    options: Sequence[str] = ()

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. Capitals do not matter, and a class's name counts as its code."""
        value = plain(answer)
        if not isinstance(value, str | bool | int):
            return f"expected one text but got {kind_of(value)}"
        rights = right if isinstance(right, set | frozenset) else {right}
        if folded_name(value) in {folded_name(one) for one in rights}:
            return None
        if self.options and folded_name(value) not in {
            folded_name(option) for option in self.options
        }:
            return f"expected one of {listed(self.options)}"
        return "not this one"
