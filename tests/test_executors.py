"""The local executor: no child is left behind, whoever ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pandas as pd
import psutil
import pytest

from helpers.executors import LocalExecutor
from helpers.splits import split_catalogue
from helpers.trials import Stage, TrialConfig, prepare_task


def make_config(seed: int) -> TrialConfig:
    """A training that lasts until it is stopped."""
    stage = Stage(trainable="head", batch_size=4, epochs=1000)
    return TrialConfig(
        name="endless",
        backbone="MobileNet",
        image_size=(32, 32),
        stages=(stage,),
        early_stopping_patience=1000,
        seed=seed,
    )


def worker_of_this_process() -> psutil.Process:
    """The child that trains."""
    for child in psutil.Process().children():
        if "helpers.worker" in child.cmdline():
            return child
    raise AssertionError("no worker is running")


def test_child_ends_with_its_parent(tiny_catalogue: pd.DataFrame) -> None:
    """When the parent stops listening, the child is ended and not left behind."""
    task = prepare_task(make_config(2), split_catalogue(tiny_catalogue))
    seen: list[int] = []

    def stop(event: dict[str, Any]) -> None:
        seen.append(worker_of_this_process().pid)
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
    assert not any("helpers.worker" in c.cmdline() for c in psutil.Process().children())


def test_orphaned_child_ends(tiny_catalogue: pd.DataFrame) -> None:
    """A worker whose standard input closes, because its parent was killed, ends by itself."""
    import json
    import subprocess
    import sys

    task = prepare_task(make_config(3), split_catalogue(tiny_catalogue))
    task.work.mkdir(parents=True, exist_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-m", "helpers.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(task.payload()).encode() + b"\n")
    child.stdin.close()
    assert child.wait(timeout=180) == 3
