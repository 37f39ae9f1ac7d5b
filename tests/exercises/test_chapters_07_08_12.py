"""Exercises of chapters 07, 08 and 12 on made-up predictions: each mistake is known by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.exercise_mistakes import refused
from support.predictions import make_predictions

from helpers.core.classes import CLASSES
from helpers.exercises import chapter_07, chapter_08, chapter_12
from helpers.exercises.of_run import NotRunYet
from helpers.lessons.imbalance import weight_table
from helpers.study import load_profile

COUNTS = (16, 22, 48, 5, 40, 260, 8)
PROBABILITIES = [f"p_{dx}" for dx in CLASSES]


class SmallRun:
    """A run with a folder and a catalogue, and nothing trained."""

    seed = 0

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def catalogue(self) -> pd.DataFrame:
        """Training images of unlike counts, several of a lesion."""
        dx = np.repeat(CLASSES, COUNTS)
        lesion = [f"lesion {n // 2}" for n in range(len(dx))]
        return pd.DataFrame({"dx": dx, "lesion_id": lesion, "split": "train"})


def weighed(table: pd.DataFrame, weights: pd.Series) -> pd.DataFrame:
    """Predictions with each class's probability multiplied."""
    changed = table.copy()
    changed[PROBABILITIES] *= [float(weights[dx]) for dx in CLASSES]
    changed[PROBABILITIES] = changed[PROBABILITIES].div(changed[PROBABILITIES].sum(axis=1), axis=0)
    return changed


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run whose models are made up: weights do what a perfect learner would make of them."""
    made = SmallRun(tmp_path)
    plain = make_predictions(0, COUNTS)
    weights = weight_table(made.catalogue()["dx"])["balanced"]
    losses = {"Neither": plain, "Class weights": weighed(plain, weights)}
    mel = pd.Series(1.0, list(CLASSES)) + pd.Series({"mel": 4.5}).reindex(CLASSES, fill_value=0)
    monkeypatch.setattr(chapter_08, "of_losses", lambda run: losses)
    monkeypatch.setattr(chapter_08, "chapter_gamma", lambda run: 2.0)
    monkeypatch.setattr(
        chapter_08, "of_melanoma_weights", lambda run: {1.0: plain, 10.0: weighed(plain, mel)}
    )
    y, x = np.mgrid[0:96, 0:128]
    masks = [np.hypot((x - 60 - 4 * n) / 30, (y - 45) / (18 + 3 * n)) < 1 for n in range(5)]
    monkeypatch.setattr(chapter_07, "lesion_masks", lambda run: np.stack(masks))
    monkeypatch.setattr(chapter_07, "grid_of", lambda run: (3, 4))
    place = tmp_path / "external-test"
    place.mkdir()
    make_predictions(1, (8, 10, 12, 0, 14, 9, 6)).to_csv(place / "predictions.csv", index=False)
    scores = pd.DataFrame({"score": chapter_12.SHOWN, "part": "all images"})
    scores["difference"] = [-0.2, -0.1, 0.1, 0.3, 0.1, -0.1]
    scores["difference_low"] = [-0.3, -0.2, -0.1, 0.2, -0.1, -0.2]
    scores["difference_high"] = [-0.1, 0.1, 0.2, 0.4, 0.2, 0.1]
    scores.to_csv(place / "scores.csv", index=False)
    return made


ALL = [*chapter_07.EXERCISES, *chapter_08.EXERCISES, *chapter_12.EXERCISES]


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)
def test_each_mistake_is_refused_by_its_name(exercise: Any, run: Any) -> None:
    """All that are told are told, at least two of each exercise."""
    made = refused(exercise, run)
    assert sum(mistake.told for mistake in exercise.mistakes if mistake.name in made) >= 2


def test_right_answers_are_those_that_the_made_up_models_must_have(run: Any) -> None:
    """Weights that a perfect learner follows are undone, and a factor does the work of one."""
    answers: dict[str, Callable[..., Any]] = {exercise.id: exercise.right for exercise in ALL}
    assert answers["08.1"](run) == pytest.approx(np.sqrt(260 / 5))
    assert answers["08.4"](run) == 10  # of 1, 2, 3, 5, 10: the first that is at least 5.5
    assert answers["08.6"](run)["accuracy"] > 0
    assert answers["12.1"](run) == {"balanced_accuracy", "sensitivity"}
    assert answers["12.4"](run)["other names"] == 0
    shares = answers["07.4"](run)
    assert shares["centre"] > shares["area"]


def test_without_an_external_test_the_command_is_told(tmp_path: Path) -> None:
    """A student without the run gets one line that says what to do."""
    run: Any = SmallRun(tmp_path / "nothing")
    run.profile = load_profile("smoke")
    run.max_images, run.split_file = run.profile.max_images, run.profile.split_file
    run.source = type("Source", (), {"name": "sample", "folder": tmp_path})
    with pytest.raises(NotRunYet, match="--chapters 12"):
        chapter_12.external(run)
