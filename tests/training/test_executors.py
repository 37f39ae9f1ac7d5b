"""The local executor: no child is left behind, whoever ends."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from support.training_processes import training_processes

from helpers.augmentation.settings import Augmentation
from helpers.core.fork_server import can_fork
from helpers.dataset.splits import split_catalogue
from helpers.training import children as children_module
from helpers.training.children import Children, let_rest, take_children, worker_environment
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.executors import LOG, LocalExecutor
from helpers.training.running import prepare_task
from helpers.training.trials import Task, Trial


def make_config(seed: int) -> TrialConfig:
    """A training that lasts until it is stopped."""
    stage = Stage(trainable="head", batch_size=4, epochs=1000)
    return TrialConfig(
        name="endless",
        backbone="SmallNetwork",
        image_size=(32, 32),
        stages=(stage,),
        early_stopping_patience=1000,
        seed=seed,
    )


def make_task(catalogue: pd.DataFrame, seed: int, **changes: Any) -> Task:
    """A training of seconds."""
    stage = Stage(trainable="all", batch_size=16, epochs=1)
    config = make_config(seed).model_copy(update={"stages": (stage,), **changes})
    task = prepare_task(config, split_catalogue(catalogue))
    task.work.mkdir(parents=True, exist_ok=True)
    return task


def wait_until_ended(child: psutil.Process) -> None:
    """Its status is left to who started it.

    A process that was killed is a zombie when its first thread has ended, and its files are closed
    with the last one.
    """
    threads = Path(f"/proc/{child.pid}/task")
    deadline = time.monotonic() + 60
    while child.is_running() and (
        child.status() != psutil.STATUS_ZOMBIE
        or (threads.is_dir() and len(list(threads.iterdir())) > 1)
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_child_ends_with_its_parent(tiny_catalogue: pd.DataFrame) -> None:
    """When the parent stops listening, the child is ended and not left behind."""
    task = prepare_task(make_config(2), split_catalogue(tiny_catalogue))
    seen: list[int] = []

    def stop(event: dict[str, Any]) -> None:
        seen.append(training_processes()[0].pid)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalExecutor().run([task], stop)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(seen[0]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(seen[0])


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT interrupt, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_interrupt_ends_all_children(tiny_catalogue: pd.DataFrame, interruptible: None) -> None:
    """An interrupt in the waiting process ends its trainings at once."""
    catalogue = split_catalogue(tiny_catalogue)
    tasks = [prepare_task(make_config(seed), catalogue) for seed in (4, 5)]

    def interrupt(event: dict[str, Any]) -> None:
        if event["kind"] == "epoch":
            os.kill(os.getpid(), signal.SIGINT)

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        LocalExecutor().run(tasks, interrupt)
    assert time.monotonic() - started < 120
    assert not training_processes()


def test_orphaned_child_ends(tiny_catalogue: pd.DataFrame) -> None:
    """A worker whose standard input closes, because its parent was killed, ends by itself."""
    import json
    import subprocess
    import sys

    task = prepare_task(make_config(3), split_catalogue(tiny_catalogue))
    task.work.mkdir(parents=True, exist_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-m", "helpers.training"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    assert child.stdin is not None
    request = {"probe": False, "stay": False, "log": str(task.work / "training.log")}
    child.stdin.write(json.dumps(task.payload() | request).encode() + b"\n")
    child.stdin.close()
    assert child.wait(timeout=180) == 3


def test_a_child_goes_on_with_the_next_trial(tiny_catalogue: pd.DataFrame) -> None:
    """One process trains two trials, each as a process of its own would, with a log of its own."""
    pids: set[int] = set()
    augmentation = Augmentation(rotation_range=90)
    second = make_task(tiny_catalogue, 21, dropout=0.5, head="dropout", augmentation=augmentation)
    executor = LocalExecutor(parallel=1)
    executor.run([second], lambda event: None)
    alone = Trial(second.folder, second.config)
    fresh, peak = alone.predictions, alone.record["peak_memory_mb"]
    shutil.rmtree(second.folder)
    second.work.mkdir()
    first = make_task(tiny_catalogue, 20, image_size=(64, 64))  # the larger one comes first
    executor.run([first, second], lambda event: pids.add(training_processes()[0].pid))
    assert len(pids) == 1
    later = Trial(second.folder, second.config)
    pd.testing.assert_frame_equal(later.predictions, fresh)
    assert not later.predictions.equals(Trial(first.folder, first.config).predictions)
    assert later.record["peak_memory_mb"] < 3 * peak
    for task in (first, second):
        assert (task.folder / LOG).is_file()
    let_rest(None)
    assert not training_processes()


def test_a_child_waits_for_the_next_executor(
    tiny_catalogue: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not for long."""
    pids: list[int] = []

    def train(seed: int) -> None:
        def note(event: dict[str, Any]) -> None:
            if event["kind"] == "done":
                pids.append(training_processes()[0].pid)

        LocalExecutor(parallel=1).run([make_task(tiny_catalogue, seed)], note)

    train(41)
    monkeypatch.setattr(children_module, "REST_SECONDS", 0.2)
    train(42)
    assert pids[0] == pids[1]
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pids[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pids[0])


def test_only_such_children_are_taken() -> None:
    """Those that rest serve an executor of the same environment, and one at a time."""
    children = Children({"A": "1"}, stay=True)
    let_rest(children)
    assert take_children({"A": "1"}, stay=True, fork=False) is children
    assert take_children({"A": "1"}, stay=True, fork=False) is not children
    for environment, stay, fork in (({"A": "2"}, True, False), ({"A": "1"}, True, True)):
        let_rest(children)
        assert take_children(environment, stay, fork) is not children


def test_a_child_that_rests_ends_quietly_when_interrupted(tiny_catalogue: pd.DataFrame) -> None:
    """A terminal's Ctrl-C reaches it too; the log of the trial that it has ended stays as it is."""
    task = make_task(tiny_catalogue, 44)
    LocalExecutor(parallel=1).run([task], lambda event: None)
    before = (task.folder / LOG).read_bytes()
    child = training_processes()[0]
    child.send_signal(signal.SIGINT)
    wait_until_ended(child)
    assert (task.folder / LOG).read_bytes() == before
    let_rest(None)


def test_a_limit_of_address_space_is_not_spent_on_arenas(monkeypatch: pytest.MonkeyPatch) -> None:
    """One arena for all threads where address space is limited, unless the user says otherwise."""
    monkeypatch.delenv("DERMBOOK_MEMORY_LIMIT_MB", raising=False)
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    assert "MALLOC_ARENA_MAX" not in worker_environment(1)
    monkeypatch.setenv("DERMBOOK_MEMORY_LIMIT_MB", "6000")
    assert worker_environment(1)["MALLOC_ARENA_MAX"] == "1"
    monkeypatch.setenv("MALLOC_ARENA_MAX", "3")
    assert worker_environment(1)["MALLOC_ARENA_MAX"] == "3"


def test_a_child_that_died_waiting_is_replaced(tiny_catalogue: pd.DataFrame) -> None:
    """A request goes to a new process when the one that waited for it is gone."""
    children = Children(worker_environment(1), stay=True, fork=can_fork())
    for seed in (22, 23):
        task = make_task(tiny_catalogue, seed)
        request = children.request(task.payload() | {"probe": False}, task.work / LOG)
        assert [event["kind"] for event in request.events()] == ["start", "epoch", "done"]
        assert request.close() == 0
        child = training_processes()[0]
        child.kill()
        wait_until_ended(child)
    children.dismiss()


def test_a_child_is_not_kept_where_it_may_not_stay(tiny_catalogue: pd.DataFrame) -> None:
    """Without leave to stay a child ends with its training."""
    children = Children(worker_environment(1), stay=False, fork=can_fork())
    task = make_task(tiny_catalogue, 24)
    request = children.request(task.payload() | {"probe": False}, task.work / LOG)
    assert list(request.events())[-1]["kind"] == "done"
    assert request.close() == 0
    assert not training_processes()


def test_executors_share_the_places_of_a_machine(tiny_catalogue: pd.DataFrame) -> None:
    """Two executors that may each train one at a time train one at a time together."""
    tasks = [make_task(tiny_catalogue, seed) for seed in (31, 32)]
    told: list[tuple[str, str]] = []

    def run(task: Task) -> None:
        executor = LocalExecutor(parallel=1)
        executor.run([task], lambda event: told.append((task.key, event["kind"])))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, tasks))
    first = told[0][0]
    second = next(task.key for task in tasks if task.key != first)
    kinds = ["start", "epoch", "done"]
    assert told == [(first, kind) for kind in kinds] + [(second, kind) for kind in kinds]


def test_who_waits_for_a_place_can_be_stopped(tiny_catalogue: pd.DataFrame) -> None:
    """An executor that is stopped does not wait for others to end; nothing is trained."""
    task = make_task(tiny_catalogue, 33)
    executor = LocalExecutor(parallel=1)
    first = LocalExecutor(parallel=1)
    place = first._take_place(task.folder.parent)
    assert place is not None
    executor._stopping = True
    assert executor._take_place(task.folder.parent) is None
    executor._stopping = False
    place.release()
    again = executor._take_place(task.folder.parent)
    assert again is not None
    again.release()
