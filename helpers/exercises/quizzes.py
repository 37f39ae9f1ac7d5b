"""Questions with choices, a file a chapter: ``chapters/quizzes/NN_topic.yml``.

A question is an exercise whose answer is a letter, or several. Which choices are right stands in
the file, or follows from the numbers that the chapter quoted in the student's run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from helpers.core import CHAPTERS, ConfigError, read_yaml
from helpers.exercises.exercise import Exercise, NotHere
from helpers.exercises.letters import Letters
from helpers.exercises.of_run import quoted_number
from helpers.notebook import condition

if TYPE_CHECKING:
    from helpers.notebook import Run

QUIZZES = CHAPTERS / "quizzes"
_N_HINTS = 3
_TEXTS = ("title", "question", "shows")
_FIELDS = {*_TEXTS, "choices", "hints"}
_KINDS = ({"text", "right"}, {"text", "because"}, {"text", "right_when", "because"})
_QUOTED = "quoted"
_KEY = re.compile(_QUOTED + r"\(\s*['\"]([^'\"]+)['\"]\s*\)")


@dataclass(frozen=True)
class Choice:
    """One choice of a question.

    Attributes
    ----------
    text : str
        As it is read, in Markdown.
    right : bool
        Whether it is right in every run.
    right_when : str
        A condition over numbers that the chapter quoted, under which it is right; "" for none.
    because : str
        What is wrong about it; "" where it is right in every run.
    """

    text: str
    right: bool = False
    right_when: str = ""
    because: str = ""


@dataclass(frozen=True)
class Question:
    """One question of a chapter's quiz.

    Attributes
    ----------
    id : str
        Number of the chapter and of the question: "06.q1".
    title : str
        A few words for the table of progress.
    question : str
        What is asked, in Markdown.
    choices : dict of str to Choice
        By their letters.
    hints : tuple of three str
        One more is shown with each wrong try.
    shows : str
        Told with the right answer.
    """

    id: str
    title: str
    question: str
    choices: dict[str, Choice]
    hints: tuple[str, str, str]
    shows: str

    @property
    def several(self) -> bool:
        """Whether more than one choice is right."""
        return sum(choice.right for choice in self.choices.values()) > 1

    @property
    def depends(self) -> bool:
        """Whether it depends on the run which choice is right."""
        return any(choice.right_when for choice in self.choices.values())

    def numbers(self) -> set[str]:
        """Keys of the chapter's numbers that the conditions of the choices take."""
        conditions = " ".join(choice.right_when for choice in self.choices.values())
        return set(_KEY.findall(conditions))

    def right(self, run: Run) -> frozenset[str]:
        """Letters of the right choices in a run.

        Raises
        ------
        NotRunYet
            If the chapter has not quoted a number that decides.
        NotHere
            If the numbers of this run leave no choice, or two where one is asked for.
        """
        chapter = self.id.partition(".")[0]
        names = {_QUOTED: lambda key: quoted_number(run, chapter, key)}
        found = frozenset(
            letter
            for letter, choice in self.choices.items()
            if choice.right or (choice.right_when and condition(choice.right_when, names)(names))
        )
        if not found or (len(found) > 1 and not self.several):
            raise NotHere("its numbers decide for no choice, or for two at once")
        return found

    def exercise(self) -> Exercise:
        """The question as `check` and the table of progress take it."""
        because = {letter: choice.because for letter, choice in self.choices.items()}
        return Exercise(
            self.id,
            self.title,
            "choose",
            self.right,
            Letters(because, self.several),
            self.hints,
            (),
            self.shows,
        )


def read_quiz(path: Path) -> tuple[Question, ...]:
    """Read and check the file of a chapter's quiz.

    Parameters
    ----------
    path : Path
        YAML with ``questions``, a list. Each has ``title``, ``question``, ``choices``, three
        ``hints`` and ``shows``; each choice has ``text``, and ``right: true``, or ``because``, or
        ``right_when`` and ``because``.

    Returns
    -------
    tuple of Question

    Raises
    ------
    ConfigError
        With all that is wrong in it at once.
    """
    content = read_yaml(path, "questions")
    listed = content.get("questions")
    problems = [f"{key!r} is not 'questions'" for key in content if key != "questions"]
    if not isinstance(listed, list) or not listed:
        problems.append(f"expected 'questions' to be a list but got {listed!r}")
        listed = []
    for number, entry in enumerate(listed, start=1):
        problems += [f"question {number}: {what}" for what in _problems(entry)]
    if problems:
        raise ConfigError(f"{path}: " + "; ".join(problems))
    return tuple(_question(f"{path.name[:2]}.q{n}", one) for n, one in enumerate(listed, start=1))


def _question(name: str, entry: Mapping[str, Any]) -> Question:
    choices = {
        letter: Choice(**{key: _plain(value) for key, value in choice.items()})
        for letter, choice in zip(ascii_lowercase, entry["choices"], strict=False)
    }
    first, second, third = map(_plain, entry["hints"])
    title, question, shows = (_plain(entry[key]) for key in _TEXTS)
    return Question(name, title, question, choices, (first, second, third), shows)


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _problems(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [f"expected {', '.join(sorted(_FIELDS))} but got {entry!r}"]
    problems = [
        f"{key!r} is none of {', '.join(sorted(_FIELDS))}" for key in entry if key not in _FIELDS
    ]
    problems += [
        f"expected a text as {key} but got {entry.get(key)!r}"
        for key in _TEXTS
        if not _is_text(entry.get(key))
    ]
    hints = entry.get("hints")
    if not isinstance(hints, list) or len(hints) != _N_HINTS or not all(map(_is_text, hints)):
        problems.append(f"expected three texts as hints but got {hints!r}")
    choices = entry.get("choices")
    if not isinstance(choices, list) or not 2 <= len(choices) <= len(ascii_lowercase):
        return [*problems, f"expected a list of choices but got {choices!r}"]
    for letter, choice in zip(ascii_lowercase, choices, strict=False):
        problems += [f"choice {letter}: {what}" for what in _problems_of_choice(choice)]
    if not any(isinstance(one, dict) and {"right", "right_when"} & one.keys() for one in choices):
        problems.append("no choice is right: give one 'right: true', or a 'right_when'")
    return problems


def _problems_of_choice(choice: Any) -> list[str]:
    if not isinstance(choice, dict) or set(choice) not in _KINDS:
        kinds = "text with 'right: true', with because, or with right_when and because"
        return [f"expected {kinds} but got {choice!r}"]
    problems = [
        f"expected a text as {key} but got {value!r}"
        for key, value in choice.items()
        if key != "right" and not _is_text(value)
    ]
    if choice.get("right", True) is not True:
        problems.append(f"expected 'right: true', or no such line, but got {choice['right']!r}")
    if _is_text(choice.get("right_when")):
        try:
            condition(choice["right_when"], {_QUOTED})
        except ConfigError as error:
            problems.append(str(error))
    return problems


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def quiz_path(chapter: str, folder: Path = QUIZZES) -> Path | None:
    """The file of a chapter's quiz, by the chapter's number of two digits; None for none."""
    return next(iter(sorted(folder.glob(f"{chapter}_*.yml"))), None)


@cache
def questions_of(chapter: str) -> tuple[Question, ...]:
    """The questions of a chapter's quiz, in order; none where it has no quiz."""
    path = quiz_path(chapter)
    return read_quiz(path) if path else ()
