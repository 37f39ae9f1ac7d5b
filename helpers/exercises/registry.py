"""Which exercises there are: one module a chapter, ``helpers/exercises/chapter_NN.py``.

The questions of a chapter's quiz come from ``chapters/quizzes/NN_topic.yml``.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from helpers.core import ConfigError
from helpers.exercises.exercise import Exercise
from helpers.exercises.quizzes import questions_of


def chapters_with_exercises() -> list[str]:
    """Numbers of the chapters that have exercises, in order."""
    return sorted(path.stem[-2:] for path in Path(__file__).parent.glob("chapter_[0-9][0-9].py"))


@cache
def exercises_of(chapter: str) -> tuple[Exercise, ...]:
    """The exercises of a chapter, in order.

    Parameters
    ----------
    chapter : str
        Its number, of two digits.

    Raises
    ------
    ConfigError
        If it has none.
    """
    known = chapters_with_exercises()
    if chapter not in known:
        raise ConfigError(
            f"chapter {chapter} has no exercises; those of {', '.join(known)} have some"
        )
    module = importlib.import_module(f"helpers.exercises.chapter_{chapter}")
    return tuple(module.EXERCISES)


@cache
def quiz_of(chapter: str) -> tuple[Exercise, ...]:
    """The questions of a chapter's quiz as exercises, in order; none where it has no quiz.

    Parameters
    ----------
    chapter : str
        Its number, of two digits.
    """
    return tuple(question.exercise() for question in questions_of(chapter))


def find_exercise(exercise_id: str) -> Exercise:
    """An exercise by its id, such as "06.2", or a question of a quiz, such as "06.q2".

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if not isinstance(exercise_id, str):
        raise ConfigError(f"expected the exercise's name, such as '06.2', but got {exercise_id!r}")
    chapter = exercise_id.partition(".")[0]
    found = {exercise.id: exercise for exercise in exercises_of(chapter)}
    if exercise_id not in found:
        found |= {question.id: question for question in quiz_of(chapter)}
    if exercise_id not in found:
        raise ConfigError(f"there is no exercise {exercise_id}; expected one of {', '.join(found)}")
    return found[exercise_id]
