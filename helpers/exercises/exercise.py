"""What an exercise is: the right answer of a run, how others are held against it, hints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from helpers.exercises.answers import Matcher

if TYPE_CHECKING:
    from helpers.notebook import Run

Kind = Literal["read", "compute", "compare", "decide", "predict", "change", "choose"]
"""From "read the number" to "change the experiment"; "choose" is a question of a quiz."""


class NotHere(Exception):  # noqa: N818, it is no error but a fact about a run
    """Raised where a run lacks what an exercise is about, such as a class on test."""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that is to be expected.

    Parameters
    ----------
    name : str
        What was done, to follow "This looks like": "the precision: it is read down the column".
    answer : callable
        Takes the right answer and the run, and gives the wrong one. It raises `NotHere` where the
        two would be the same on this run.
    told : bool, default=True
        Whether a student who gives this answer is told its name; a mistake that is here only to be
        refused by the tests is not.
    """

    name: str
    answer: Callable[[Any, Run], Any]
    told: bool = True


def differing(wrong: Any, right: Any, by: float = 0.02) -> Any:
    """A wrong number, or dict of numbers, where it is not the right one by chance.

    Raises
    ------
    NotHere
        Where no value differs by that much.
    """
    if isinstance(right, Mapping):
        same = all(abs(wrong[key] - right[key]) < by for key in right)
    else:
        same = abs(wrong - right) < by
    if same or wrong != wrong:  # NaN: there is none
        raise NotHere("on this run it is the same, or there is none")
    return wrong


def _each(right: Any, change: Callable[[float], Any]) -> Any:
    if isinstance(right, Mapping):
        return {key: change(float(value)) for key, value in right.items()}
    return change(float(right))


IN_PER_CENT = Mistake(
    "per cent: a share lies between 0 and 1",
    lambda right, run: differing(_each(right, lambda value: 100 * value), right),
)
"""A share, or a dict of shares, times a hundred."""

AS_TEXT = Mistake(
    "numbers as texts", lambda right, run: _each(right, lambda value: f"{value:.1%}"), told=False
)
"""A share, or a dict of shares, as texts with a percent sign."""

OFF = Mistake("a tenth off", lambda right, run: _each(right, lambda value: value + 0.1), told=False)
"""A number, or a dict of numbers, each too large by 0.1; wrong on any run."""

ONE_OFF = Mistake("one too many", lambda right, run: right + 1, told=False)
"""A count that is one too large; wrong on any run."""

ONE_MISSING = Mistake(
    "one of the values missing",
    lambda right, run: dict(list(dict(right).items())[:-1]),
    told=False,
)
"""A dict or Series without its last value; wrong on any run."""


@dataclass(frozen=True)
class Exercise:
    """One exercise of a chapter.

    Parameters
    ----------
    id : str
        Number of the chapter and of the exercise: "06.2"; "06.q2" for a question of a quiz.
    title : str
        A few words for the table of progress.
    kind : str
        What is asked for; see `Kind`.
    right : callable
        Computes the right answer of a run. It may raise `NotHere`, or `NotRunYet`.
    matcher : Matcher
        Holds an answer against it.
    hints : tuple of three str
        One more is shown with each wrong try; the last one nearly gives the way.
    mistakes : tuple of Mistake
        At least three that are wrong on any run; none for a question of a quiz, whose matcher
        knows its wrong choices.
    shows : str, default=""
        What the right answer shows; told with it, and not before.
    """

    id: str
    title: str
    kind: Kind
    right: Callable[[Run], Any]
    matcher: Matcher
    hints: tuple[str, str, str]
    mistakes: tuple[Mistake, ...]
    shows: str = ""

    @property
    def chapter(self) -> str:
        """Number of its chapter, of two digits."""
        return self.id.partition(".")[0]
