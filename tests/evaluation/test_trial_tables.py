"""Trials as tables, from trials whose predictions are made up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.scored_trials import make_config, make_scored_trial

from helpers.evaluation.trial_tables import (
    augmentation_table,
    chance_level,
    comparable_histories,
    cost_table,
    describe_stage,
    last_values,
    loss_note,
    majority_share,
    paired_differences,
    published_accuracy,
    recipe_table,
    scores_of,
    weighs,
)
from helpers.published.numbers import claim
from helpers.study.profiles import load_profile
from helpers.training.configuration import Stage


def test_published_accuracy_is_found_by_number_and_by_backbone() -> None:
    """Trials by their number, models by their backbone; for others there is none."""
    second = claim("course_report.augmentation_2.accuracy").value
    assert published_accuracy(make_config("Trial 2", backbone="ResNet50")) == second
    resnet = claim("course_report.resnet50.accuracy").value
    assert published_accuracy(make_config("ResNet50", backbone="ResNet50")) == resnet
    assert np.isnan(published_accuracy(make_config("Trial 9")))
    assert np.isnan(published_accuracy(make_config("MobileNet")))


def test_a_trial_of_our_own_has_no_published_accuracy() -> None:
    """The control of the full study has the report's backbone, but the report trained none."""
    trials = {c.name: c for c in load_profile("full").trial_configs("augmentation")}
    assert trials["No augmentation"].backbone == "EfficientNetB3"
    without = [name for name, config in trials.items() if np.isnan(published_accuracy(config))]
    assert without == ["No augmentation", "Symmetries"]
    for name in ("EfficientNetB3 at 300", "ResNet50"):
        assert np.isnan(published_accuracy(make_config(name, backbone="EfficientNetB3")))


@pytest.mark.parametrize("profile", ["smoke", "quick", "full"])
def test_tables_take_every_trial_of_a_profile(profile: str) -> None:
    """Each trial has a column, and every setting a value in each."""
    loaded = load_profile(profile)
    for group in ("augmentation", "comparison"):
        configs = loaded.trial_configs(group)
        for table in (augmentation_table(configs), recipe_table(configs)):
            assert list(table.columns[1:]) == [config.name for config in configs]
            assert table.notna().all(axis=None)
    ranges = augmentation_table(loaded.trial_configs("augmentation")).set_index("parameter")
    assert "shear_range (degrees)" in ranges.index and "vertical_flip" in ranges.index
    assert "cutout" not in ranges.index  # in none of the trials


def test_a_stage_is_told_in_words() -> None:
    """What learns, at what rate, how long."""
    stage = Stage(trainable=5, learning_rate=1e-5, batch_size=32, epochs=1)
    assert describe_stage(stage) == "last 5 layers; rate 1e-05, batch 32, at most 1 epoch"
    assert describe_stage(Stage(trainable="all")).startswith("all layers;")
    assert "falling along a cosine" in describe_stage(Stage(decay="cosine"))


def test_scores_and_differences_see_the_better_trial(tmp_path: Path) -> None:
    """The better trial scores higher, and the paired difference says so; equals do not differ."""
    good, bad = make_scored_trial(tmp_path, "good", 0.9), make_scored_trial(tmp_path, "bad", 0.3)
    table = scores_of([good, bad])
    scores = table["balanced_accuracy"].map(float)
    assert scores["good"] > scores["bad"]
    assert table["published"].isna().all()
    pairs = paired_differences([good, bad])
    assert list(pairs["verdict"]) == ["higher"]
    assert list(paired_differences([good, bad], bad)["verdict"]) == ["lower"]
    twin = make_scored_trial(tmp_path, "twin", 0.9)
    assert list(paired_differences([good, twin])["verdict"]) == ["no difference shown"]
    assert paired_differences([good]).empty


def test_costs_prefer_the_memory_of_the_device(tmp_path: Path) -> None:
    """Where a GPU was measured, its memory is told and not the process's."""
    record = {
        "epochs": 3,
        "seconds": {"train": 10.0, "total": 14.0},
        "images_per_second": 40.0,
        "peak_memory_mb": 900.0,
        "model_mb": 20.0,
        "parameters": 3_000_000,
    }
    cpu = make_scored_trial(tmp_path, "cpu", 0.5, **record, device_memory_mb=None)
    gpu = make_scored_trial(tmp_path, "gpu", 0.5, **record, device_memory_mb=4000.0)
    memory = cost_table([cpu, gpu])["peak memory, MiB"]
    assert memory.to_dict() == {"cpu": 900.0, "gpu": 4000.0}
    assert cost_table([cpu])["parameters, M"].iloc[0] == 3


def test_baselines_of_a_split() -> None:
    """Always saying the commonest class, and guessing among the classes that are there."""
    predictions = pd.DataFrame({"dx": ["nv", "nv", "nv", "mel"]})
    assert majority_share(predictions) == ("nv", 0.75)
    assert chance_level(predictions) == 0.5


def test_training_losses_of_another_scale_are_left_out() -> None:
    """Class weights and the focal loss weigh training images, and no validation image."""
    plain, weighted = make_config("plain"), make_config("weighted", class_weight="sqrt")
    focal = make_config("focal", loss="focal")
    assert [weighs(config) for config in (plain, weighted, focal)] == [False, True, True]
    history = pd.DataFrame({"loss": [1.0], "val_loss": [1.0]})
    trials: list[Any] = [
        SimpleNamespace(name=config.name, config=config, history=history)
        for config in (plain, weighted, focal)
    ]
    shown = comparable_histories(trials)
    assert ["loss" in table for table in shown.values()] == [True, False, False]
    assert all("val_loss" in table for table in shown.values())
    assert loss_note(trials[:1]) == ""
    assert "loss of weighted and focal is not drawn" in loss_note(trials)
    assert loss_note(trials[1:]).startswith(" The training loss is not drawn")


def test_last_values_are_of_the_last_epoch() -> None:
    """The gap is training less validation."""
    history = pd.DataFrame({"accuracy": [0.2, 0.8], "val_accuracy": [0.1, 0.5]})
    row = last_values({"a": history}).loc["a"]
    assert row["epochs"] == 2
    assert row["gap"] == pytest.approx(0.3)
