"""What an answer may look like: each matcher says in one line what is wrong, or None if nothing is.

A matcher has one method, ``problem(answer, right)``. It may raise on strange answers: whoever calls
it (`helpers.exercises.checking`) turns that into a message.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isroutine
from itertools import pairwise
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


def _text(value: Any) -> str:
    """A name as it is compared: without capitals and outer spaces; a class's name is its code."""
    text = str(plain(value)).strip().casefold()
    return _CODES.get(text, text)


_CODES = {name.casefold(): code for code, name in NAMES.items()}


def _items(answer: Any) -> list[Any] | None:
    """The items of something listed; None if it lists nothing."""
    if isinstance(answer, pd.DataFrame):
        return list(answer.index) if answer.shape[1] != 1 else list(answer.iloc[:, 0])
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        return None
    return list(answer)


def _listed(names: Iterable[Any]) -> str:
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
        if _text(value) in {_text(one) for one in rights}:
            return None
        if self.options and _text(value) not in {_text(option) for option in self.options}:
            return f"expected one of {_listed(self.options)}"
        return "not this one"


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
        values = {_text(item): float(value) for item, value in dict(right).items()}
        if isinstance(answer, pd.Series) and not {_text(x) for x in given} & set(values):
            given = list(answer)
        items = [_text(item) for item in given]
        wrong = _wrong_names(items, values)
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


def _wrong_names(items: Sequence[str], known: Iterable[str]) -> str | None:
    """What is wrong with a list of names of which each belongs in once."""
    known = list(known)
    unknown = [item for item in dict.fromkeys(items) if item not in known]
    if unknown:
        return f"{_listed(unknown[:5])} does not belong in; expected {_listed(known)}"
    missing = [name for name in known if name not in items]
    if missing:
        return f"{len(missing)} of {len(known)} missing: {_listed(missing[:5])}"
    if len(items) != len(set(items)):
        twice = [item for item in dict.fromkeys(items) if items.count(item) > 1]
        return f"more than once: {_listed(twice[:5])}"
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
        given, wanted = {_text(item) for item in items}, {_text(item) for item in right}
        if given == wanted:
            return None
        unknown = given - {_text(option) for option in self.options} if self.options else set()
        if unknown:
            return f"{_listed(sorted(unknown)[:5])} is none of {_listed(self.options)}"
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
        wanted = {_text(key): value for key, value in dict(right).items()}
        found = {_text(key): value for key, value in given.items()}
        wrong = _wrong_names(list(found), wanted)
        if wrong:
            return wrong
        problems = {
            key: said
            for key, value in wanted.items()
            if (said := self._matcher(key).problem(found[key], value)) is not None
        }
        return _first_of(problems, len(wanted))

    def _matcher(self, key: str) -> Matcher:
        if isinstance(self.each, Mapping):
            return {_text(name): one for name, one in self.each.items()}[key]
        return self.each


def _first_of(problems: Mapping[str, str], n: int) -> str | None:
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


@dataclass(frozen=True)
class Table:
    """A table whose rows are named by one column or the index, in any order of rows and columns.

    Parameters
    ----------
    key : str
        The column that names the rows; the index will do.
    columns : mapping of str to Matcher
        What is held against the right table; further columns do not matter.
    """

    key: str
    columns: Mapping[str, Matcher]

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. A dict of columns or a list of dicts will do."""
        if isinstance(answer, pd.Series) or (
            isinstance(answer, Mapping) and not all(_is_listing(v) for v in answer.values())
        ):
            return f"expected a table but got {kind_of(answer)} of single values"
        if not isinstance(answer, pd.DataFrame | Mapping | list | tuple):
            return f"expected a table (DataFrame) but got {kind_of(answer)}"
        try:
            given, wanted = self._rows(pd.DataFrame(answer)), self._rows(pd.DataFrame(right))
        except (ValueError, TypeError) as error:
            return f"expected a table, and this cannot be read as one ({error})"
        missing = [name for name in self.columns if _text(name) not in given.columns]
        if missing:
            return f"missing {'column' if len(missing) == 1 else 'columns'}: {_listed(missing)}"
        wrong = _wrong_names(list(given.index), list(wanted.index))
        if wrong:
            return f"rows: {wrong}"
        problems: dict[str, str] = {}
        for name, matcher in self.columns.items():
            for row in wanted.index:
                said = matcher.problem(given.at[row, _text(name)], wanted.at[row, _text(name)])
                if said is not None:
                    problems[f"{name} of {row}"] = said
        return _first_of(problems, len(wanted) * len(self.columns))

    def _rows(self, table: pd.DataFrame) -> pd.DataFrame:
        table = table.rename(columns=_text)
        if _text(self.key) in table.columns:
            table = table.set_index(_text(self.key))
        return table.set_axis([_text(item) for item in table.index], axis=0)


def _is_listing(value: Any) -> bool:
    return isinstance(value, list | tuple | dict | np.ndarray | pd.Series)


@dataclass(frozen=True)
class Matrix:
    """A table of numbers by row and column names, or an array in the right order.

    Parameters
    ----------
    each : Matcher
        Of the values.
    """

    each: Matcher

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`. ``right`` is a DataFrame; names may come in any order."""
        wanted = right.rename(index=_text, columns=_text)
        if isinstance(answer, pd.DataFrame):
            given = answer.rename(index=_text, columns=_text)
            if set(given.index) >= set(wanted.index) and set(given.columns) >= set(wanted.columns):
                given = given.loc[wanted.index, wanted.columns]
        elif isinstance(answer, np.ndarray | list | tuple):
            given = pd.DataFrame(np.asarray(answer))
        else:
            return f"expected a DataFrame or an array but got {kind_of(answer)}"
        if given.shape != wanted.shape:
            expected, got = (" by ".join(map(str, one.shape)) for one in (wanted, given))
            return f"expected {expected} values but got {got}"
        wrong, n = self._wrong(given, wanted)
        if not wrong:
            return None
        if given.shape[0] == given.shape[1] and not self._wrong(given.T, wanted)[0]:
            return "rows and columns are exchanged"
        return f"{n} of {wanted.size} values not right; one of them: {wrong}"

    def _wrong(self, given: pd.DataFrame, wanted: pd.DataFrame) -> tuple[str, int]:
        pairs = zip(given.to_numpy().ravel(), wanted.to_numpy().ravel(), strict=True)
        said = [text for a, b in pairs if (text := self.each.problem(a, b)) is not None]
        return (said[0] if said else "", len(said))


@dataclass(frozen=True)
class Predictions:
    """Probabilities image by image: ``image_id`` and ``p_...`` columns, in any order.

    Parameters
    ----------
    tolerance : float, default=1e-4
        Of each probability: they are computed in 32 bits.
    """

    tolerance: float = 1e-4

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `Matcher`."""
        if not isinstance(answer, pd.DataFrame):
            return f"expected a DataFrame of predictions but got {kind_of(answer)}"
        columns = [name for name in right.columns if str(name).startswith("p_")]
        missing = [name for name in columns if name not in answer.columns]
        if missing:
            return f"missing {'column' if len(missing) == 1 else 'columns'}: {_listed(missing)}"
        wanted = right.set_index("image_id")[columns]
        given = answer
        if "image_id" in given.columns:
            given = given.set_index("image_id")
        if set(given.index) != set(wanted.index) or len(given) != len(wanted):
            return f"expected {len(wanted)} images, each once, but these rows are others"
        found = given.loc[wanted.index, columns].to_numpy(dtype=float)
        sums = found.sum(axis=1)
        if np.abs(sums - 1).max() > 1e-3 >= np.abs(wanted.to_numpy().sum(axis=1) - 1).max():
            return "the probabilities of an image do not sum to 1"
        off = np.abs(found - wanted.to_numpy()).max(axis=1) > self.tolerance
        if not off.any():
            return None
        return f"{int(off.sum())} of {len(off)} images have other probabilities"


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
