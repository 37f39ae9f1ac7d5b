"""The page of what far more would take, and the figures of trials on two machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_trials import write_trial

from benchmarks.beyond import NUMBERS, PAGE, render, trial_bytes
from benchmarks.ray_scaling import TRIALS, make_configs, summary
from helpers.core.files import read_json


def test_the_page_is_that_of_its_numbers() -> None:
    """Nobody has edited it, and nobody has measured without writing it."""
    numbers = read_json(NUMBERS)
    assert PAGE.read_text(encoding="utf-8") == render(numbers)
    reports = {"chapters": "02", "images": [1000, 10_000], "seconds": [61.0, 90.0]}
    reports |= {"peak_mib": [2000.0, 2100.0], "exponent": 0.17, "load": [0.1, 2.0]}
    assert "| from the command to the PDF | 61 s | 90 s |" in render(numbers | {"reports": reports})
    numbers["trials"]["ResNet50"]["folder"] *= 2
    assert PAGE.read_text(encoding="utf-8") != render(numbers)


def test_bytes_of_trials(tmp_path: Path) -> None:
    """Of the trial that learns most; a checkpoint is weights, and two moments of what learns."""
    assert trial_bytes(tmp_path) == {}
    write_trial(tmp_path, "resnet50-1", parameters=100, trainable_parameters=9)
    write_trial(tmp_path, "resnet50-2", parameters=100, trainable_parameters=50)
    found = trial_bytes(tmp_path)["ResNet50"]
    assert (found["parameters"], found["checkpoint"]) == (100, 4 * 200)
    assert found["folder"] > 600


def test_ratio_and_cost_on_ray() -> None:
    """Of the same trials, whose seeds differ."""
    one = {"start": 5.0, "trials": 100.0, "noops": 0.001}
    found = summary({"local": [95.0, 97.0], "one": one, "two": one | {"trials": 52.0}})
    assert found["ratio"] == pytest.approx(0.52) and found["cost"] == pytest.approx(4.0)
    assert found["allowed"] == pytest.approx(3 + 0.03 * 96)
    assert found["tasks_per_second"] == pytest.approx(1000)
    assert len({config.seed for config in make_configs(2)}) == TRIALS
