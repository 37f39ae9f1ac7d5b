"""Exercises of chapter 06 on predictions unlike the smoke run's: absent classes, many images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from support.exercise_mistakes import refused
from support.predictions import make_predictions

from helpers.exercises import chapter_06
from helpers.exercises.chapter_06 import EXERCISES
from helpers.exercises.checking import judge
from helpers.exercises.exercise import NotHere

NO_DF = (16, 22, 48, 0, 40, 260, 8)
NO_MEL = (0, 0, 48, 6, 0, 260, 8)


class SmallRun:
    """A run of which nothing but predictions is asked."""


@pytest.fixture
def run_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[int, ...]], Any]:
    """A run whose chosen model has made-up predictions of so many lesions a class."""

    def make(counts: tuple[int, ...]) -> Any:
        tables = {
            split: make_predictions(seed, counts) for seed, split in enumerate(("valid", "test"))
        }

        def predictions(run: object, split: str) -> pd.DataFrame:
            return tables[split]

        monkeypatch.setattr(chapter_06, "predictions", predictions)
        return SmallRun()

    return make


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_each_mistake_is_refused_by_its_name(
    exercise: Any, run_of: Callable[[tuple[int, ...]], Any]
) -> None:
    """With a class absent and hundreds of images; all that are told are told."""
    run = run_of(NO_DF)
    made = refused(exercise, run)
    assert sum(mistake.told for mistake in exercise.mistakes if mistake.name in made) >= 2


def test_without_melanoma_some_cannot_be_asked(
    run_of: Callable[[tuple[int, ...]], Any],
) -> None:
    """And say so; the others can."""
    run = run_of(NO_MEL)
    states = {exercise.id: judge(exercise, 0.5, run).state for exercise in EXERCISES}
    assert states["06.1"] == states["06.4"] == states["06.5"] == "not here"
    assert states["06.2"] == states["06.3"] == "wrong"
    with pytest.raises(NotHere):
        EXERCISES[0].right(run)
