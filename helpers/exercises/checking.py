"""``check("06.2", answer)``: what a student calls; it tells, and never raises."""

from __future__ import annotations

import dis
import hashlib
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from helpers.core import ConfigError, DermBookError, wrapped
from helpers.exercises.exercise import Exercise, Mistake, NotHere
from helpers.exercises.function_answers import as_right
from helpers.exercises.letters import letters_of
from helpers.exercises.of_run import once
from helpers.exercises.progress import Progress, keeps_progress
from helpers.exercises.registry import find_exercise
from helpers.notebook import opened_run

if TYPE_CHECKING:
    from helpers.notebook import Run

_LONGEST = 300
_NOTHING = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}

_tries: dict[str, dict[str, Any]] = {}
"""Progress of this process, where none is kept beside the run."""


@dataclass(frozen=True)
class Verdict:
    """What was found of an answer: "right", "wrong", "empty" (nothing there yet), "not here"."""

    state: Literal["right", "wrong", "empty", "not here"]
    text: str


def check(exercise_id: str, answer: Any = ...) -> None:
    """Hold an answer against the right one, which is computed from the open run, and tell.

    Parameters
    ----------
    exercise_id : str
        Such as "06.2", or "06.q2" for a question of the quiz.
    answer : object
        What was found; for a question a letter, or several as in "a c".

    Notes
    -----
    One line says right, or what is wrong; hints follow, one more with each wrong try. Tries are
    kept beside the run, in ``progress.json``. An answer that was tried already counts no more.
    """
    try:
        for line in _lines(exercise_id, answer):
            print(wrapped(line))
    except DermBookError as error:
        print(wrapped(f"{exercise_id}: {error}"))
    except Exception as error:
        print(wrapped(f"{exercise_id}: this answer cannot be checked ({_said(error)})"))


def _lines(exercise_id: str, answer: Any) -> list[str]:
    exercise = find_exercise(exercise_id)
    run = opened_run()
    if run is None:
        return [f"{exercise_id}: no run is open; run the cell with open_run(...) first"]
    verdict = judge(exercise, answer, run)
    if verdict.state in ("empty", "not here"):
        return [f"{exercise_id}: {verdict.text}"]
    progress = (
        Progress(run.folder / "progress.json") if keeps_progress() else Progress(None, _tries)
    )
    tried = progress.record(exercise_id, verdict.state == "right", _fingerprint(answer))
    lines = [f"{exercise_id}: {verdict.text}"]
    if verdict.state == "wrong":
        shown = exercise.hints[: min(tried, len(exercise.hints))]
        lines += [f"  Hint {number}: {hint}" for number, hint in enumerate(shown, 1)]
    return lines + [f"  ({note})" for note in progress.notes]


def judge(exercise: Exercise, answer: Any, run: Run) -> Verdict:
    """Hold an answer against the right one.

    Parameters
    ----------
    exercise : Exercise
        What was asked.
    answer : object
        Anything; what it does when it is looked at cannot break this.
    run : Run
        The open run.

    Returns
    -------
    Verdict

    Raises
    ------
    NotRunYet
        If the run lacks what the exercise is about.
    """
    if answer is None or answer is ... or _no_letter(exercise, answer) or _does_nothing(answer):
        return Verdict("empty", f"there is no answer yet; {_how_to_answer(exercise)}, and run it")
    try:
        right = right_answer(exercise, run)
    except NotHere as reason:
        return Verdict("not here", f"this run cannot ask it: {reason}")
    problem = _problem(exercise, answer, right)
    if problem is None:
        return Verdict("right", f"right. {exercise.shows}".rstrip())
    mistake = _known_mistake(exercise, answer, right, run)
    said = f"this looks like {mistake}" if mistake else problem
    return Verdict("wrong", f"not yet: {said}{'' if said.endswith(('.', '?', '!')) else '.'}")


def _how_to_answer(exercise: Exercise) -> str:
    if exercise.kind == "choose":
        return f'put a letter in place of the dots, as in check("{exercise.id}", "b")'
    return "write one into the cell above"


def _no_letter(exercise: Exercise, answer: Any) -> bool:
    """Whether a choice is still without one; an iterator would be used up by looking at it."""
    if exercise.kind != "choose" or not isinstance(answer, str | list | tuple | set | frozenset):
        return False
    return letters_of(answer) == []


def _does_nothing(answer: Any) -> bool:
    """Whether an answer is a function whose body is still ``...``."""
    if not isinstance(answer, FunctionType):
        return False
    steps = list(dis.get_instructions(answer))
    loaded = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return {step.opname for step in steps} <= _NOTHING and loaded == [None]


def right_answer(exercise: Exercise, run: Run) -> Any:
    """The right answer of a run, computed once a process.

    Raises
    ------
    NotHere
        If the run lacks a class or the like.
    NotRunYet
        If it lacks what a chapter computes.
    """
    return once(run, ("right", exercise.id), lambda: exercise.right(run))


def right_choices(question_id: str) -> str:
    """Letters of the right choices of a question in the open run, for the notebooks of solutions.

    Parameters
    ----------
    question_id : str
        Such as "06.q2".

    Raises
    ------
    ConfigError
        If there is no such question, or no run is open.
    """
    question, run = find_exercise(question_id), opened_run()
    if question.kind != "choose" or run is None:
        raise ConfigError(f"{question_id}: expected a question of a quiz, and an open run")
    return " ".join(sorted(right_answer(question, run)))


def _problem(exercise: Exercise, answer: Any, right: Any) -> str | None:
    """What a matcher says; strange objects may do anything when they are looked at.

    A function that divides by nought gives NaN, and what that means is said; numpy's warning of it
    would stand in red beside a right answer.
    """
    try:
        with np.errstate(all="ignore"):
            return exercise.matcher.problem(answer, right)
    except Exception as error:
        return f"this answer cannot be read ({_said(error)})"


def _known_mistake(exercise: Exercise, answer: Any, right: Any, run: Run) -> str | None:
    for mistake in exercise.mistakes:
        if mistake.told:
            wrong = once(
                run,
                ("wrong", exercise.id, mistake.name),
                lambda mistake=mistake: _wrong(exercise, mistake, right, run),
            )
            if wrong is not None and _problem(exercise, answer, wrong) is None:
                return mistake.name
    return None


def _wrong(exercise: Exercise, mistake: Mistake, right: Any, run: Run) -> Any:
    """A mistake's answer; None where it cannot be made on this run, or of these cases."""
    try:
        return as_right(exercise.matcher, mistake.answer(right, run), right)
    except Exception:
        return None


def _said(error: Exception) -> str:
    """An error in one line, whatever its text does."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text}"[:_LONGEST] if text else type(error).__name__


def _fingerprint(answer: Any) -> str:
    """Tells an answer from the one before, so that running a cell again is no new try."""
    try:
        code = getattr(answer, "__code__", None)
        told = _code_told(code) if code else repr(answer)
    except Exception:
        told = type(answer).__name__
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()[:12]


def _code_told(code: CodeType) -> str:
    """What a function does, whatever its place in memory, and what functions inside of it do."""
    constants = [
        _code_told(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts
    ]
    return repr((code.co_code, constants, code.co_names))
