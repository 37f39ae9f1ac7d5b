"""What a trial asks of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import ConfigError
from helpers.training.cluster.needs import BASE_BYTES, TRIAL_CPUS, memory_of, needs_of
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.trials import Task

GIB = 2**30


def make_task(backbone: str = "MobileNet", side: int = 32, batch: int = 8) -> Task:
    """A task whose files nobody reads."""
    stage = Stage(trainable="all", batch_size=batch, epochs=1)
    config = TrialConfig(name="a", backbone=backbone, image_size=(side, side), stages=(stage,))
    return Task("key", config, Path("t.parquet"), Path("i.npy"), Path("trials/key"))


def test_cores_are_those_of_a_training_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the numbers are; unless the user says otherwise."""
    machines = [{"CPU": 4.0, "memory": 16.0 * GIB}]
    found = needs_of(make_task(), machines, 2)
    assert (found.cpus, found.gpus, found.threads) == (2, 0, 2)
    monkeypatch.setenv(TRIAL_CPUS, "4")
    assert needs_of(make_task(), machines, 2).threads == 4
    monkeypatch.setenv(TRIAL_CPUS, "many")
    with pytest.raises(ConfigError, match=f"{TRIAL_CPUS}: expected a number"):
        needs_of(make_task(), machines, 2)


def test_too_few_cores_are_told_with_the_way_out() -> None:
    """A task that fits no machine would wait without end."""
    with pytest.raises(ConfigError, match=f"more than 1; set {TRIAL_CPUS}"):
        needs_of(make_task(), [{"CPU": 1.0}], 2)


def test_a_gpu_comes_with_its_share_of_cores() -> None:
    """Of the machine that has fewest of them for each."""
    machines = [{"CPU": 16.0, "GPU": 2.0}, {"CPU": 64.0, "GPU": 4.0}, {"CPU": 1.0}]
    found = needs_of(make_task(), machines, 2)
    assert (found.cpus, found.gpus, found.threads) == (8, 1, None)


def test_memory_grows_with_pictures_and_never_beyond_a_machine() -> None:
    """A training that needs more goes on with fewer images at a time: it may start anywhere."""
    small, large = make_task(), make_task("ResNet50", 224, 32)
    assert BASE_BYTES < memory_of(small) < memory_of(large)
    found = needs_of(large, [{"CPU": 1.0, "memory": 2.0 * GIB}], 1)
    assert found.memory == 2 * GIB
