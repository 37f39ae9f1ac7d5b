"""Exercises of chapter 10 on made-up predictions and a made-up table of exports."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from support.exercise_mistakes import SmallRun, of, refused
from support.predictions import make_predictions

from helpers.exercises import chapter_10
from helpers.exercises.chapter_10 import EXERCISES
from helpers.exercises.exercise import NotHere
from helpers.serving.deployment.cards import lesions_for_promise

EXPORTS = pd.DataFrame(
    {"MiB": [13.2, 6.5, 3.8], "same class": [1.0, 0.995, 0.9]},
    index=pd.Index(["float32", "float16", "int8"], name="format"),
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run whose shipped model has predictions of many images."""
    tables = {name: make_predictions(seed) for seed, name in enumerate(("valid", "test"))}
    monkeypatch.setattr(chapter_10, "predictions", lambda run, name: tables[name])
    monkeypatch.setattr(chapter_10, "variants", lambda run: EXPORTS)
    return SmallRun()


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_every_mistake_is_refused_by_its_name(exercise: Any, run: Any) -> None:
    """Here each of them can be made."""
    assert refused(exercise, run) == of(exercise)


def test_a_study_is_the_chapters_own(run: Any) -> None:
    """Found by trying, the number of lesions is that of the chapter's formula."""
    for promise in (0.9, 0.925):
        assert abs(chapter_10._needed(promise) - lesions_for_promise(0.95, promise)) <= 1


def test_a_rule_that_excludes_nothing_is_not_asked(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all exports keep all classes."""
    monkeypatch.setattr(chapter_10, "variants", lambda run: EXPORTS.iloc[:2])
    with pytest.raises(NotHere):
        EXERCISES[3].right(run)
