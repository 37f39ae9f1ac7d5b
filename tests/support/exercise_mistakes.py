"""Holds the expected mistakes of an exercise against a run that is made up."""

from __future__ import annotations

from typing import Any

from helpers.exercises.checking import judge
from helpers.exercises.exercise import Exercise, NotHere


class SmallRun:
    """A run of which a test says all that is asked."""

    seed = 0


def refused(exercise: Exercise, run: Any) -> set[str]:
    """Names of the mistakes that can be made on a run, all of which have to be refused by name."""
    right, made = exercise.right(run), set()
    for mistake in exercise.mistakes:
        try:
            verdict = judge(exercise, mistake.answer(right, run), run)
        except NotHere:
            continue
        assert verdict.state == "wrong", (exercise.id, mistake.name)
        assert not mistake.told or mistake.name in verdict.text, (mistake.name, verdict.text)
        made.add(mistake.name)
    return made


def of(exercise: Exercise) -> set[str]:
    """Names of all its mistakes."""
    return {mistake.name for mistake in exercise.mistakes}
