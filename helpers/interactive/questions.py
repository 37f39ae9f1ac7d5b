"""Kinds of guesses, and the sentence that sets a guess beside the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from typing import Any

import pandas as pd

from helpers.statistics import Estimate, listed

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Choice:
    """One of some names.

    Parameters
    ----------
    names : tuple of str
        Each once.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_names("choices", self.names)

    def problem(self, guess: Any) -> str:
        """Anything but one of the names."""
        return "" if guess in self.names else f"Choose one of {listed(list(self.names))}."

    def text(self, guess: Any) -> str:
        """The name."""
        return f"**{guess}**"

    def sentence(self, guess: Any, result: Any) -> str:
        """Right, or what the run says.

        Parameters
        ----------
        guess : str
            One of the names.
        result : str or iterable of str
            The name that is right, or all that are, where some are equal.

        Raises
        ------
        TypeError
            If the result is no name.
        """
        right = [result] if isinstance(result, str) else _names("result", result)
        if not right:
            return f"You guessed {self.text(guess)}; in this run there is no such name."
        verb, equally = ("they are", ", equally") if len(right) > 1 else ("it is", "")
        said = f"You guessed {self.text(guess)}; {verb} **{listed(right)}**{equally}."
        return f"{said} Right." if guess in right else f"{said} Not what you guessed."


@dataclass(frozen=True)
class Number:
    """A number from a range.

    Parameters
    ----------
    low, high : float
        The range, in the unit.
    unit : str
        Written behind the number; with "%" the result is a share in [0, 1].
    step : float
        What the guess is rounded to; a result that rounds to the guess is right.
    """

    low: float
    high: float
    unit: str = ""
    step: float = 1.0

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise ValueError(
                f"between: expected a low and a higher high but got {self.low} and {self.high}"
            )
        if not self.step > 0:
            raise ValueError(f"step: expected a number above 0 but got {self.step}")

    def problem(self, guess: Any) -> str:
        """Anything but a number of the range."""
        number = isinstance(guess, int | float) and not isinstance(guess, bool)
        if number and self.low <= guess <= self.high:
            return ""
        return f"Give a number from {self._write(self.low)} to {self._write(self.high)}."

    def text(self, guess: Any) -> str:
        """The number with its unit."""
        return f"**{self._write(guess)}**"

    def sentence(self, guess: Any, result: Any) -> str:
        """Right, within the interval, or off by how much and in which direction.

        Parameters
        ----------
        guess : float
            In the unit.
        result : float or Estimate
            In the unit; a share in [0, 1] where the unit is "%".

        Raises
        ------
        TypeError
            If the result is neither.
        """
        try:
            value = float(getattr(result, "value", result)) * self._scale
        except (TypeError, ValueError):
            raise TypeError(
                f"result: expected a number or an Estimate but got {result!r}"
            ) from None
        if not isfinite(value):
            return f"You guessed {self.text(guess)}; in this run there is no such number."
        found = f"**{self._write(value)}**"
        inside = False
        if isinstance(result, Estimate) and isfinite(result.low) and isfinite(result.high):
            low, high = result.low * self._scale, result.high * self._scale
            found += f" [{self._number(low)}, {self._number(high)}]"
            inside = low - _ROUNDING <= guess <= high + _ROUNDING
        off = guess - value
        said = f"You guessed {self.text(guess)}; it is {found}."
        if abs(off) <= self.step / 2 + _ROUNDING:
            return f"{said} Right."
        if inside:
            return f"{said} Within the interval."
        way = "too high" if off > 0 else "too low"
        return f"{said} Off by {self._distance(abs(off))}: {way}."

    @property
    def _scale(self) -> float:
        return 100.0 if self.unit == "%" else 1.0

    @property
    def _digits(self) -> int:
        """Decimals that show the step: 0 for 5, 1 for 0.5, 2 for 0.05."""
        return max(0, len(f"{self.step:.6f}".rstrip("0").partition(".")[2]))

    def _number(self, value: float) -> str:
        return f"{value:,.{self._digits}f}".replace("-", "−")

    def _write(self, value: float) -> str:
        return f"{self._number(value)} {self.unit}".strip()

    def _distance(self, value: float) -> str:
        if self.unit == "%":
            return f"{self._number(value)} {'point' if self._number(value) == '1' else 'points'}"
        return self._write(value)


@dataclass(frozen=True)
class Order:
    """Some names in an order.

    Parameters
    ----------
    names : tuple of str
        Each once, in the order in which they are shown.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_names("order", self.names)

    def problem(self, guess: Any) -> str:
        """Anything but each name once."""
        guess = list(guess or [])
        if sorted(guess) == sorted(self.names):
            return ""
        missing = [name for name in self.names if name not in guess]
        return f"Give each name once; {listed(missing)} {_have(missing)} no place yet."

    def text(self, guess: Any) -> str:
        """The names, the first first."""
        return f"**{', '.join(guess)}**"

    def sentence(self, guess: Any, result: Any) -> str:
        """Right, or how many places and pairs are.

        Parameters
        ----------
        guess : sequence of str
            Each name once.
        result : iterable of str
            The same names as the run orders them.

        Raises
        ------
        ValueError
            If the result has other names.
        """
        right = _names("result", result)
        if sorted(right) != sorted(self.names):
            raise ValueError(
                f"result: expected {listed(list(self.names))} in an order but got {right}"
            )
        said = f"You guessed {self.text(guess)}; it is {self.text(right)}."
        if list(guess) == right:
            return f"{said} Right."
        places = sum(a == b for a, b in zip(guess, right, strict=True))
        pairs = list(combinations(right, 2))
        kept = sum(list(guess).index(a) < list(guess).index(b) for a, b in pairs)
        return (
            f"{said} In their place: {places} of {len(right)}. Pairs the right way round: {kept} "
            f"of {len(pairs)}."
        )


def question_of(
    choices: Sequence[str] | None,
    between: tuple[float, float] | None,
    order: Sequence[str] | None,
    unit: str,
    step: float,
) -> Choice | Number | Order:
    """The kind of question that a chapter asks.

    Raises
    ------
    ValueError
        If not just one of ``choices``, ``between`` and ``order`` is given.
    """
    given = [name for name in (choices, between, order) if name is not None]
    if len(given) != 1:
        raise ValueError(
            "predict_first: expected one of choices=[...], between=(low, high) and order=[...] "
            f"but got {len(given)}; give just one"
        )
    if choices is not None:
        return Choice(tuple(map(str, choices)))
    if order is not None:
        return Order(tuple(map(str, order)))
    assert between is not None
    return Number(float(between[0]), float(between[1]), unit, step)


def highest(values: Mapping[str, Any] | pd.Series) -> list[str]:
    """The name with the highest value, or all that share it.

    Parameters
    ----------
    values : mapping of str to float or Estimate, or Series
        By name; NaN is left out.

    Returns
    -------
    list of str
        For the result of a choice; empty without a value.

    Examples
    --------
    >>> highest({"mel": 0.4, "nv": 0.9, "df": float("nan")})
    ['nv']
    """
    numbers = _numbers(values)
    return [name for name, value in numbers.items() if value == max(numbers.values())]


def lowest(values: Mapping[str, Any] | pd.Series) -> list[str]:
    """The name with the lowest value, or all that share it; see `highest`.

    >>> lowest({"mel": 0.4, "nv": 0.9, "df": 0.4})
    ['mel', 'df']
    """
    numbers = _numbers(values)
    return [name for name, value in numbers.items() if value == min(numbers.values())]


def ordered(values: Mapping[str, Any] | pd.Series) -> list[str]:
    """All names by their value, the highest first, for the result of an order.

    >>> ordered({"a": 0.1, "b": 0.3, "c": 0.2})
    ['b', 'c', 'a']
    """
    numbers = _numbers(values)
    return sorted(numbers, key=lambda name: -numbers[name])


def _numbers(values: Mapping[str, Any] | pd.Series) -> dict[str, float]:
    numbers = {str(name): float(value) for name, value in values.items()}
    return {name: value for name, value in numbers.items() if isfinite(value)}


def _check_names(what: str, names: Sequence[str]) -> None:
    if len(set(names)) != len(names):
        raise ValueError(f"{what}: expected each name once but got {list(names)}")


def _names(what: str, values: Any) -> list[str]:
    if not isinstance(values, Iterable):
        raise TypeError(f"{what}: expected a name or several but got {values!r}")
    return [str(value) for value in values]


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
