"""The ``ray`` executor on a real cluster of two machines, which are processes of this one.

Each machine has a cache of its own. Where Ray is not installed, `test_ray_elsewhere.py` runs this
file with an interpreter that has it.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from helpers.core import ROOT
from helpers.core.errors import ConfigError
from helpers.dataset.splits import split_catalogue
from helpers.training.cluster import connection
from helpers.training.cluster.connection import ONE_MACHINE, PATIENT, QUIET, connect
from helpers.training.cluster.executor import RayExecutor
from helpers.training.cluster.kept import kept_epochs
from helpers.training.cluster.needs import TRIAL_CPUS
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.executors import LocalExecutor
from helpers.training.running import prepare_task
from helpers.training.trials import Task, Trial

# Not imported yet: Ray reads its variables when it is.
if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray comes with the extra 'scale'", allow_module_level=True)

EPOCHS = 4
STORE_BYTES = 100 * 2**20  # what Ray wants at least is 75 MiB


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class TwoMachines:
    """A cluster of two machines of one core."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster

        self.folder = folder
        self.cluster = Cluster()
        self.first = self._add("first")
        self.second: Any = self._add("second")

    def _add(self, name: str) -> Any:
        variables = {"DERMBOOK_HOME": str(self.folder / name), "PYTHONPATH": str(ROOT)}
        for last in (False, False, False, False, True):  # on a busy machine it may not come up
            with suppress(*(() if last else (Exception,))):
                return self.cluster.add_node(
                    num_cpus=1,
                    node_ip_address="127.0.0.1",
                    object_store_memory=STORE_BYTES,
                    include_dashboard=False,
                    env_vars=variables,
                )
        raise AssertionError

    def kill_second(self) -> None:
        """End a machine as a power cut does."""
        if self.second is not None:
            self.cluster.remove_node(self.second, allow_graceful=False)
            self.second = None


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoMachines]:
    """The cluster, and this process connected to it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (ONE_MACHINE | PATIENT | QUIET).items():
            patch.setenv(name, value)
        patch.setenv("RAY_raylet_start_wait_time_s", "30")
        patch.setenv("RAY_worker_register_timeout_seconds", "120")
        patch.setenv(TRIAL_CPUS, "1")
        import ray

        made = TwoMachines(tmp_path_factory.mktemp("machines"))
        ray.init(made.cluster.address, log_to_driver=False, logging_level=logging.ERROR)
        yield made
        ray.shutdown()
        made.cluster.shutdown()


def make_tasks(catalogue: pd.DataFrame, n_trials: int, epochs: int, seed: int) -> list[Task]:
    """Heads on bodies of random weights: seconds each."""
    stage = Stage(trainable="head", batch_size=16, epochs=epochs, learning_rate=1e-2)
    config = TrialConfig(
        name="x",
        backbone="SmallNetwork",
        image_size=(32, 32),
        stages=(stage,),
        early_stopping_patience=epochs,
    )
    split = split_catalogue(catalogue)
    numbers = range(seed, seed + n_trials)
    return [
        prepare_task(config.model_copy(update={"name": f"trial-{n}", "seed": n}), split)
        for n in numbers
    ]


def results(task: Task) -> tuple[pd.DataFrame, pd.DataFrame]:
    """History without its seconds, and predictions."""
    trial = Trial(task.folder, task.config)
    return trial.history.drop(columns="seconds"), trial.predictions


def test_a_machine_dies_and_the_numbers_are_those_of_one_machine(
    machines: TwoMachines, tiny_catalogue: pd.DataFrame, tmp_path: Path
) -> None:
    """Eight trials, one machine killed in an epoch: bit for bit, and no epoch trained twice."""
    tasks = make_tasks(tiny_catalogue, 8, EPOCHS, 900)
    told: list[dict[str, Any]] = []

    def kill(event: dict[str, Any]) -> None:
        told.append(event)
        trials = {one["trial"] for one in told if one["kind"] == "epoch"}
        if event["kind"] == "epoch" and len(trials) == 2:
            machines.kill_second()

    RayExecutor("as connected", str(tmp_path / "kept")).run(tasks, kill)
    assert machines.second is None
    assert [event["kind"] for event in told].count("restart") >= 1
    for task in tasks:
        own = [event for event in told if event["key"] == task.key]
        epochs = [event["done"] for event in own if event["kind"] == "epoch"]
        assert epochs == sorted(set(epochs))  # none twice
        # Of its last epochs a machine may not have told any more; then the restart counts them.
        restarts = [event["text"] for event in own if event["kind"] == "restart"]
        after = max(
            [int(re.findall(r"after epoch (\d+)", text)[0]) for text in restarts], default=0
        )
        assert set(range(1, EPOCHS + 1)) - set(epochs) <= set(range(1, after + 1))
    over_there = [results(task) for task in tasks]
    for task in tasks:
        task.folder.rename(task.folder.with_name(f"{task.key}.of-ray"))
    LocalExecutor(parallel=1, threads=1).run(tasks, lambda event: None)
    for task, (history, predictions) in zip(tasks, over_there, strict=True):
        expected = results(task)
        pd.testing.assert_frame_equal(history, expected[0], check_exact=True)
        pd.testing.assert_frame_equal(predictions, expected[1], check_exact=True)


def test_an_interrupt_ends_what_trains(
    machines: TwoMachines, tiny_catalogue: pd.DataFrame, tmp_path: Path
) -> None:
    """No training is left on the machine; its epochs are in the storage."""
    (task,) = make_tasks(tiny_catalogue, 1, 1000, 950)
    raylet = psutil.Process(machines.first.all_processes["raylet"][0].process.pid)
    seen: list[psutil.Process] = []

    def interrupt(event: dict[str, Any]) -> None:
        if event["kind"] == "epoch" and event["done"] == 2:
            seen.extend(trainings_of(raylet))
            raise KeyboardInterrupt

    executor = RayExecutor("as connected", str(tmp_path / "kept"))
    with pytest.raises(KeyboardInterrupt):
        executor.run([task], interrupt)
    assert seen
    assert psutil.wait_procs(seen, timeout=60)[1] == []
    assert kept_epochs(executor.storage, task.key) >= 2


def trainings_of(raylet: psutil.Process) -> list[psutil.Process]:
    """Children of Ray's workers that train."""
    found = []
    for child in raylet.children(recursive=True):
        with suppress(psutil.Error):
            if "helpers.training" in child.cmdline()[:3]:
                found.append(child)
    return found


def test_a_cluster_of_this_machine_listens_on_loopback_alone(
    machines: TwoMachines, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All sockets of all its processes, and of this one; Ray says nothing over the display."""
    import ray

    ray.shutdown()
    machines.cluster.shutdown()
    monkeypatch.setattr(connection.os, "cpu_count", lambda: 1)
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    assert connect() is ray
    try:
        own = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
        listening = [
            found.laddr.ip
            for process in [psutil.Process(), *own]
            for found in process.net_connections(kind="inet")
            if found.status == psutil.CONN_LISTEN
        ]
        assert len(listening) >= 4  # of the head and of the machine
        assert {ip.removeprefix("::ffff:") for ip in listening} <= {"127.0.0.1", "::1"}
        (node,) = ray.nodes()
        assert node["Alive"] and node["NodeManagerAddress"] == "127.0.0.1"
        assert not [record for record in caplog.records if record.name.startswith("ray")]
    finally:
        ray.shutdown()


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message, at once."""
    with pytest.raises(ConfigError, match=r"cannot reach one .*ray start --head"):
        connect(f"127.0.0.1:{free_port()}")
    for address in ("ray://somewhere:10001", "somewhere", "somewhere:port"):
        with pytest.raises(ConfigError, match="expected host and port"):
            connect(address)
