"""Exercises of chapter 05 on two made-up models of unlike skill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.exercise_mistakes import SmallRun, of, refused
from support.predictions import make_predictions

from helpers.evaluation.metrics import PROBABILITY_COLUMNS
from helpers.exercises import chapter_05
from helpers.exercises.chapter_05 import EXERCISES
from helpers.exercises.exercise import NotHere


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run with a good model, and one that says everything with other probabilities."""
    first = make_predictions(0, (16, 22, 48, 6, 40, 90, 8), skill=1.5)
    second, columns = first.copy(), list(PROBABILITY_COLUMNS)
    noise = np.random.default_rng(1).dirichlet(np.full(7, 0.2), len(first))
    second[columns] = 0.2 * first[columns] + 0.8 * noise
    tables: list[pd.DataFrame] = [first, second]
    monkeypatch.setattr(chapter_05, "_valid", lambda run: tables)
    return SmallRun()


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_every_mistake_is_refused_by_its_name(exercise: Any, run: Any) -> None:
    """Here each of them can be made."""
    assert refused(exercise, run) == of(exercise)


def test_one_model_has_nothing_to_be_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """And its exercises say that they cannot be asked."""

    class Alone:
        name = "alone"

        def predictions_of(self, split: str) -> pd.DataFrame:
            return make_predictions(0, (2,) * 7)

    monkeypatch.setattr(chapter_05, "trials", lambda run: [Alone()])
    for number in (2, 5):
        with pytest.raises(NotHere):
            EXERCISES[number].right(SmallRun())  # type: ignore[arg-type]
