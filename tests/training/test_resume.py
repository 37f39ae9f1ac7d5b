"""A training that was killed, stopped, starved or damaged ends as if nothing had happened."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from support.training_processes import training_processes

from helpers.augmentation.settings import Augmentation
from helpers.core.errors import TrialError
from helpers.dataset.splits import split_catalogue
from helpers.training import bodies, networks, trainer
from helpers.training.checkpoints import ARRAYS, STATE
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.executors import LocalExecutor
from helpers.training.memory import add_memory_step
from helpers.training.running import prepare_task
from helpers.training.trials import Task, Trial

CONFIG = TrialConfig(
    name="small",
    backbone="SmallNetwork",
    image_size=(32, 32),
    head="dropout",
    dropout=0.2,
    augmentation=Augmentation(rotation_range=90, horizontal_flip=True),
    stages=(
        Stage(trainable="head", batch_size=16, epochs=2),
        # Not over before who watches it can end it.
        Stage(trainable=5, learning_rate=1e-3, batch_size=16, epochs=4, decay="cosine"),
    ),
    early_stopping_patience=9,
)

Event = dict[str, Any]
LIMIT_MB = "5000"
"""A gigabyte more than a training of small images takes, and one less than the whole batch."""


@pytest.fixture(scope="module")
def task(_tiny_catalogue: pd.DataFrame) -> Task:
    """The training that every test repeats."""
    return prepare_task(CONFIG, split_catalogue(_tiny_catalogue))


def train(
    task: Task, on_event: Callable[[Event], None] | None = None, threads: int | None = None
) -> tuple[Trial, list[Event]]:
    """Train from an empty folder, or from what a test left in the work folder."""
    shutil.rmtree(task.folder, ignore_errors=True)
    events: list[Event] = []

    def told(event: Event) -> None:
        events.append(event)
        if on_event:
            on_event(event)

    LocalExecutor(1, threads=threads).run([task], told)
    return Trial(task.folder, task.config), events


@pytest.fixture(scope="module")
def undisturbed(task: Task) -> tuple[pd.DataFrame, pd.DataFrame]:
    """History and predictions of the training that nobody disturbs."""
    trial, _ = train(task)
    return trial.history, trial.predictions


STARVE = """
import os
import helpers.training.batches as batches
from helpers.augmentation import augment_batch

def starved(images, *arguments, **options):
    if len(images) > int(os.environ.get("STARVED_ABOVE", "1000")):
        import tensorflow as tf
        raise eval(os.environ["STARVED_RAISES"])
    return augment_batch(images, *arguments, **options)

batches.augment_batch = starved
"""
"""Run when Python starts. One text for all tests, which have one template of children then."""


@pytest.fixture(scope="module", autouse=True)
def starvable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the children of all tests look whether they are starved."""
    folder = tmp_path_factory.mktemp("starvable")
    (folder / "sitecustomize.py").write_text(STARVE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        yield


def starve(monkeypatch: pytest.MonkeyPatch, most: int, raised: str) -> None:
    """Have the child raise an error for every batch of more than `most` images."""
    monkeypatch.setenv("STARVED_ABOVE", str(most))
    monkeypatch.setenv("STARVED_RAISES", raised)


def assert_same(trial: Trial, undisturbed: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Equal to the last bit, but for the seconds."""
    history, predictions = undisturbed
    pd.testing.assert_frame_equal(
        trial.history.drop(columns="seconds"), history.drop(columns="seconds"), check_exact=True
    )
    pd.testing.assert_frame_equal(trial.predictions, predictions, check_exact=True)


def test_killed_child_goes_on_by_itself(
    task: Task, undisturbed: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    """SIGKILL after the first epoch of each stage costs the epoch in progress and nothing else."""

    def kill(event: Event) -> None:
        if event["kind"] == "epoch" and event["done"] in (1, 3):
            training_processes()[0].send_signal(signal.SIGKILL)

    trial, events = train(task, kill)
    assert [event["kind"] for event in events].count("restart") == 2
    assert_same(trial, undisturbed)


@pytest.mark.parametrize(("counted", "expected"), [(0, None), (None, 8)])
def test_kills_before_the_first_epoch(
    task: Task, monkeypatch: pytest.MonkeyPatch, counted: int | None, expected: int | None
) -> None:
    """Killed twice at its start, a training is taken to lack memory only where nobody counts."""
    monkeypatch.setattr("helpers.training.executors.oom_kills", lambda: counted)
    monkeypatch.setattr("helpers.training.memory.oom_kills", lambda: counted)
    starts = []

    def kill(event: Event) -> None:
        if event["kind"] == "start" and len(starts) < 2:
            starts.append(event)
            training_processes()[0].send_signal(signal.SIGKILL)

    trial, _ = train(task, kill)
    assert len(starts) == 2
    steps = trial.record["memory_steps"]
    assert [step["micro_batch"] for step in steps] == ([] if expected is None else [expected])


def test_what_ends_after_its_last_epoch_is_recorded_as_undisturbed(
    _tiny_catalogue: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left to train then, and the record still says what learnt."""
    stages = (Stage(trainable="head", batch_size=32, epochs=1),)
    config = CONFIG.model_copy(update={"stages": stages})
    task = prepare_task(config, split_catalogue(_tiny_catalogue))

    def train_here() -> Trial:
        networks._kept.clear()  # as in another process
        bodies._kept.clear()
        task.work.mkdir(parents=True, exist_ok=True)
        trainer.train(task, lambda event: None)
        return Trial(task.folder, task.config)

    def end(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    trial = train_here()
    n_learnt, predictions = trial.record["trainable_parameters"], trial.predictions
    shutil.rmtree(task.folder)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainer, "write_record", end)
        train_here()
    trial = train_here()
    assert trial.record["trainable_parameters"] == n_learnt < trial.record["parameters"]
    pd.testing.assert_frame_equal(trial.predictions, predictions, check_exact=True)


def test_endless_kills_end(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that something kills each time it starts is given up, and the message says so."""
    monkeypatch.setattr("helpers.training.executors.MOST_KILLS", 3)

    def kill(event: Event) -> None:
        if event["kind"] == "start":
            training_processes()[0].send_signal(signal.SIGKILL)

    with pytest.raises(TrialError, match=r"killed 3 times .* not by the kernel for memory"):
        train(task, kill)


def test_stopped_child_leaves_a_checkpoint(
    task: Task, undisturbed: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    """SIGTERM ends a training after its epoch; the next call goes on from there."""

    def stop(event: Event) -> None:
        if event["kind"] == "epoch" and event["done"] == 1:
            training_processes()[0].send_signal(signal.SIGTERM)

    with pytest.raises(TrialError, match="asked to stop"):
        train(task, stop)
    assert (task.work / STATE).exists() and not task.folder.exists()
    trial, events = train(task)
    done = [event["done"] for event in events if event["kind"] == "epoch"]
    assert done[0] in (2, 3)
    assert_same(trial, undisturbed)


def test_damaged_checkpoint_is_told_and_left(
    task: Task, undisturbed: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    """A checkpoint with changed bytes is not trained on from."""

    def interrupt(event: Event) -> None:
        if event["kind"] == "epoch" and event["done"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(task, interrupt)
    path = next(task.work.glob(f"model-*{ARRAYS}"))
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"damage")
    trial, events = train(task)
    assert "damaged" in [event["kind"] for event in events]
    assert_same(trial, undisturbed)


def test_memory_error_halves_the_micro_batch(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device error for more than five images leads to micro-batches of four, once, and told."""
    error = "tf.errors.ResourceExhaustedError(None, None, 'OOM when allocating tensor')"
    starve(monkeypatch, 5, error)
    trial, events = train(task)
    steps = [event["micro_batch"] for event in events if event["kind"] == "memory"]
    assert steps == [8, 4]
    assert [step["micro_batch"] for step in trial.record["memory_steps"]] == [8, 4]
    assert trial.record["memory_steps"][1]["accumulation"] == 4
    assert len(trial.history) == CONFIG.epochs


def test_memory_runs_out_at_one_image(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even one image fits, the error says so, with what to do."""
    starve(monkeypatch, 0, "MemoryError('Unable to allocate 9 GiB')")
    shutil.rmtree(task.work, ignore_errors=True)
    task.work.mkdir(parents=True)
    add_memory_step(task.work, 1, 16, "known from before")
    with pytest.raises(TrialError, match=r"even with one image.*choose a smaller image_size"):
        train(task)
    shutil.rmtree(task.work)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of address space are Unix's")
def test_real_memory_limit_is_survived(
    tiny_catalogue: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a limit of the kernel that the whole batch exceeds, the training still ends."""
    stage = Stage(trainable="all", batch_size=64, epochs=1)
    config = CONFIG.model_copy(
        update={"name": "large", "image_size": (448, 448), "stages": (stage,)}
    )
    large = prepare_task(config, split_catalogue(tiny_catalogue))
    monkeypatch.setenv("DERMBOOK_MEMORY_LIMIT_MB", LIMIT_MB)
    trial, events = train(large, threads=2)  # whose stacks take address space, too
    assert [event["kind"] for event in events].count("memory") >= 1
    assert len(trial.history) == 1


def test_probe_finds_what_fits_before_the_first_epoch(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a probe no epoch is lost: all memory steps come before the training starts."""
    starve(monkeypatch, 9, "MemoryError('Unable to allocate 9 GiB')")
    shutil.rmtree(task.folder, ignore_errors=True)
    events: list[Event] = []
    LocalExecutor(1, probe=True).run([task], events.append)
    kinds = [event["kind"] for event in events]
    assert [event["micro_batch"] for event in events if event["kind"] == "memory"] == [8]
    assert kinds.index("memory") < kinds.index("start")
    assert "failed" not in kinds and len(Trial(task.folder, task.config).history) == CONFIG.epochs


def test_training_may_augment_on_its_device(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """With bytes and matrices going to the device a training goes through all its stages."""
    monkeypatch.setenv("DERMBOOK_AUGMENT", "device")
    trial, _ = train(task)
    assert len(trial.history) == CONFIG.epochs
    assert trial.history["loss"].notna().all()
