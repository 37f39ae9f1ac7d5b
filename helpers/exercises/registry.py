"""Which exercises there are: one module a chapter, ``helpers/exercises/chapter_NN.py``."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from helpers.core import ConfigError
from helpers.exercises.exercise import Exercise


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


def find_exercise(exercise_id: str) -> Exercise:
    """An exercise by its id, such as "06.2".

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
        raise ConfigError(f"there is no exercise {exercise_id}; expected one of {', '.join(found)}")
    return found[exercise_id]
