"""The answer to a question with choices: a letter, or several, however they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.exercises.answers import kind_of

_BETWEEN = re.compile(r"[\s,;.()+&/]+|\band\b")


def letters_of(answer: Any) -> list[str] | None:
    """Letters that an answer names, in its order; None where it is nothing that has letters.

    Parameters
    ----------
    answer : object
        A text such as "b", "B)", "a c" or "a, c", or a list, tuple or set of such.

    Examples
    --------
    >>> letters_of("B)"), letters_of("a, c"), letters_of({"d"}), letters_of(2)
    (['b'], ['a', 'c'], ['d'], None)
    """
    if isinstance(answer, str):
        return [part for part in _BETWEEN.split(answer.casefold()) if part]
    if isinstance(answer, bytes | Mapping) or not isinstance(answer, Iterable):
        return None
    found: list[str] = []
    for item in answer:
        if not isinstance(item, str):
            return None
        found += letters_of(item) or []
    return found


@dataclass(frozen=True)
class Letters:
    """Letters of the right choices, no more and no less.

    Parameters
    ----------
    because : mapping of str to str
        For each letter what is wrong about its choice; empty for one that is always right.
    several : bool
        Whether more than one choice may be right.
    """

    because: Mapping[str, str]
    several: bool

    def problem(self, answer: Any, right: Any) -> str | None:
        """See `helpers.exercises.answers.Matcher`. ``right`` is a set of letters.

        Of several wrong choices the first is told, so that nothing is left over by exclusion.
        """
        given = letters_of(answer)
        form = 'letters such as "a c"' if self.several else 'a letter such as "b"'
        if given is None:
            return f"expected {form} but got {kind_of(answer)}"
        if not given:
            return f"expected {form} but got none"
        if len(given) == 1 and set(given[0]) <= set(self.because):  # "ac"
            given = list(given[0])
        unknown = [letter for letter in given if letter not in self.because]
        if unknown:
            return f"expected {form}, of {', '.join(self.because)}, but got {unknown[0]!r}"
        if len(set(given)) > 1 and not self.several:
            return "just one of the choices is right: name one letter"
        for letter in sorted(set(given)):
            if letter not in right:
                return f"{letter}) {self.because[letter]}"
        missing = set(right) - set(given)
        return "what you chose is right, but it is not all that is" if missing else None
