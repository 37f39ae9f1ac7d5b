"""Exercises of chapter 09 on a made-up archive, with siblings and a model of some skill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.exercise_mistakes import SmallRun, of, refused
from support.predictions import make_screening_predictions

from helpers.exercises import chapter_09
from helpers.exercises.chapter_09 import EXERCISES

SELDOM = {
    "the mean of the diagnoses' shares, whatever their size",
    "a share of the test lesions, not of the images",
    "the share of malignant images of the test split",
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run with many more benign images than malignant ones, divided by image and by lesion."""
    archive = make_screening_predictions(300, seed=2)
    common = archive[archive["dx"].isin(["nv"])]
    catalogue = pd.concat([archive, *[common] * 5], ignore_index=True)
    split = archive.drop(columns=["p_benign", "p_malignant", "y_true"])
    names = np.array(["train", "valid", "test"])
    lesion = split["lesion_id"].str.removeprefix("HAM_").astype(int).to_numpy()
    # From each lesion's number, so that a third of the lesions is test; from each image's, torn.
    by = {
        "lesion": split.assign(split=names[lesion % 3]),
        "image": split.assign(split=names[np.arange(len(split)) * 7 % 11 % 3]),
    }
    tables = {
        "valid": make_screening_predictions(60, seed=3, gap=2),
        "test": make_screening_predictions(80, seed=4, gap=1),
    }
    monkeypatch.setattr(chapter_09, "_catalogue", lambda run: catalogue)
    monkeypatch.setattr(chapter_09, "split_by", lambda run, how: by[how])
    monkeypatch.setattr(chapter_09, "predictions", lambda run, name: tables[name])
    return SmallRun()


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_every_mistake_is_refused_by_its_name(exercise: Any, run: Any) -> None:
    """Here all can be made but those that seldom differ from what is right."""
    assert of(exercise) - refused(exercise, run) <= SELDOM


def test_equal_rules_are_all_right(run: Any) -> None:
    """At a threshold that is the prevalence, everybody is worth what nobody is."""
    best = chapter_09._best_rules(run)
    assert {"everybody", "nobody"} <= best[0.02] or best[0.02] == {"model"}
