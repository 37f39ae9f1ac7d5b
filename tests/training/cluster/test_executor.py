"""The ``ray`` executor with stand-ins for Ray and for trainings: what it does when things go wrong.

The real Ray is in `test_on_ray.py`.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from support.stand_in_ray import (
    NodeDiedError,
    OutOfMemoryError,
    RayTaskError,
    StandInRay,
    TaskUnschedulableError,
)

from helpers.core.errors import ConfigError, TrialError
from helpers.core.files import cache_home, sha256_file, write_json
from helpers.dataset.image_store import store_record
from helpers.dataset.splits import split_catalogue
from helpers.training.checkpoints import Checkpoint
from helpers.training.cluster import executor as module
from helpers.training.cluster import node
from helpers.training.cluster.executor import RayExecutor
from helpers.training.cluster.kept import epochs_in, keep, kept_epochs
from helpers.training.cluster.storage import FolderStorage
from helpers.training.cluster.tasks import MOST_DEATHS
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.executors import LocalExecutor
from helpers.training.memory import memory_steps
from helpers.training.running import prepare_task
from helpers.training.trials import Task, is_whole

EPOCHS = 3


@dataclass
class Machine:
    """A machine of the cluster: its own cache, and what was trained there."""

    home: Path
    trained: list[tuple[str, int]] = field(default_factory=list)
    threads: set[int | None] = field(default_factory=set)
    fails: str = ""
    damage: int = 0

    def train(self, task: Task, on_event: Callable[[dict[str, Any]], None]) -> None:
        """What a training leaves, epoch by epoch, without one."""
        assert np.load(task.images, mmap_mode="r").shape[0] == len(pd.read_parquet(task.table))
        named = {"trial": task.config.name, "key": task.key, "total": EPOCHS}
        done = epochs_in(task.work)
        on_event(named | {"kind": "start", "done": done, "text": "start"})
        if self.fails:
            raise TrialError(self.fails)
        for number in range(done + 1, EPOCHS + 1):
            rows = [{"epoch": at + 1} for at in range(number)]
            Checkpoint(rows, rows[-1], [np.full(3, number)], [], 1.0).save(task.work)
            self.trained.append((task.config.name, number))
            on_event(named | {"kind": "epoch", "done": number, "text": f"epoch {number}"})
        task.folder.mkdir()
        (task.folder / "model.keras").write_bytes(task.key.encode())
        sums = {"model.keras": sha256_file(task.folder / "model.keras")}
        write_json(
            task.folder / "trial.json", {"sha256": sums, "memory_steps": memory_steps(task.work)}
        )
        on_event(named | {"kind": "done", "done": EPOCHS, "text": "done"})


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> StandInRay:
    """The stand-in in the place of Ray."""
    stand_in = StandInRay()
    monkeypatch.setitem(sys.modules, "ray", stand_in)  # type: ignore[arg-type]
    monkeypatch.setattr(module, "connect", lambda address: stand_in)
    return stand_in


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """What stands for the machines, all with one cache that is not the driver's."""
    machine = Machine(tmp_path / "there")

    class Trainer(LocalExecutor):
        def run(self, tasks: Any, on_event: Any) -> None:
            machine.threads.add(self.threads)
            if not is_whole(tasks[0].folder):
                machine.train(tasks[0], on_event)

    monkeypatch.setattr(node, "LocalExecutor", Trainer)
    monkeypatch.setattr(node, "cache_home", lambda: machine.home)
    return machine


@pytest.fixture
def tasks(tiny_catalogue: pd.DataFrame) -> Iterator[list[Task]]:
    """Two trials on one image store; nothing of them is left behind."""
    stage = Stage(trainable="head", batch_size=8, epochs=EPOCHS)
    config = TrialConfig(name="a", backbone="MobileNet", image_size=(32, 32), stages=(stage,))
    split = split_catalogue(tiny_catalogue)
    made = [
        prepare_task(config.model_copy(update={"name": name, "seed": 700 + seed}), split)
        for seed, name in enumerate("ab")
    ]
    yield made
    for task in made:
        shutil.rmtree(task.folder, ignore_errors=True)
        shutil.rmtree(task.work, ignore_errors=True)


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """Where checkpoints go."""
    return FolderStorage(tmp_path / "kept")


def run(tasks: list[Task], storage: FolderStorage) -> list[dict[str, Any]]:
    """Train them; what was told."""
    told: list[dict[str, Any]] = []
    RayExecutor("head:1", storage.place).run(tasks, told.append)
    return told


def kinds(told: list[dict[str, Any]], name: str) -> list[str]:
    """Kinds of what was told of a trial."""
    return [event["kind"] for event in told if event["trial"] == name]


def test_trials_come_back_whole(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """Each folder is in the cache; the store went over once; nothing else is left anywhere."""
    told = run(tasks, storage)
    assert all(is_whole(task.folder) and not task.work.exists() for task in tasks)
    assert kinds(told, "a") == kinds(told, "b") == ["start", *["epoch"] * EPOCHS, "done"]
    store, table = tasks[0].images.stat().st_size, tasks[0].table.stat().st_size
    assert ray.put_bytes == store + table
    assert [path.name for path in (machine.home / "stores").glob("*.npy")] == [tasks[0].images.name]
    assert not any(storage.folder.rglob("*.npys")) and storage.names(tasks[0].key) == []
    assert storage.names("marks") == []
    assert not any(path.is_file() for path in (machine.home / "working").rglob("*"))
    threads = LocalExecutor().threads
    assert machine.threads == {threads}
    for stream in ray.sent:
        assert stream.options["max_retries"] == 0  # Ray counts no kill for memory
        assert stream.options["num_cpus"] == threads and stream.options["num_gpus"] == 0
        assert stream.options["memory"] > 0


def test_a_machine_dies_in_an_epoch(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """Its trial goes on from its last epoch, on a machine that has never seen it."""
    RayExecutor("head:1", storage.place).run(tasks[1:], lambda event: None)  # the store is there
    machine.trained.clear()
    ray.plans = [(3, NodeDiedError("gone"))]  # after the start and two epochs
    first, second = machine.home, machine.home.with_name("another")

    def other_machine(event: dict[str, Any]) -> None:
        told.append(event)
        if event["kind"] == "restart":
            machine.home = second

    told: list[dict[str, Any]] = []
    RayExecutor("head:1", storage.place).run(tasks[:1], other_machine)
    assert is_whole(tasks[0].folder) and first != second
    assert kinds(told, "a").count("restart") == 1
    restart = next(event for event in told if event["kind"] == "restart")
    # What else reached the storage before the end counts as well, though nobody heard of it.
    (after,) = re.findall(r"going on after epoch (\d+)$", restart["text"])
    starts = [event["done"] for event in told if event["kind"] == "start"]
    assert starts[0] == 0 and 2 <= int(after) <= starts[-1] <= EPOCHS
    assert [event["done"] for event in told if event["kind"] == "epoch"][:2] == [1, 2]


def test_endless_deaths_end(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """A trial that loses its machine at each start is given up, and the other one is not."""
    gone = (0, NodeDiedError("gone"))
    ray.plans = [gone, None, *[gone] * MOST_DEATHS]
    RayExecutor("head:1", storage.place)
    # The store is sent first: its tasks are the ones that lack it.
    node.adopt_store(
        machine.home / "stores" / tasks[0].images.name,
        store_record(tasks[0].images),
        [tasks[0].images.read_bytes()],
    )
    with pytest.raises(TrialError, match=rf"'a': .* gone .* {MOST_DEATHS} times in a row"):
        run(tasks, storage)
    assert is_whole(tasks[1].folder) and not is_whole(tasks[0].folder)
    assert len(ray.sent) == MOST_DEATHS + 1


def test_memory_of_a_machine_runs_out(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """Ray's kill for memory leads to a smaller micro-batch, and not to the same again."""
    ray.plans = [None, (1, OutOfMemoryError("killed"))]  # the first only finds the store missing
    told: list[dict[str, Any]] = []

    def other_machine(event: dict[str, Any]) -> None:
        told.append(event)
        if event["kind"] == "memory":
            machine.home = machine.home.with_name("another")

    RayExecutor("head:1", storage.place).run(tasks[:1], other_machine)
    memory = [event for event in told if event["kind"] == "memory"]
    assert [event["micro_batch"] for event in memory] == [4]
    record = pd.read_json(tasks[0].folder / "trial.json", typ="series")
    assert [step["micro_batch"] for step in record["memory_steps"]] == [4]


def test_memory_runs_out_at_one_image(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """After 4, 2 and 1 images the trial is given up, with the way out."""
    ray.plans = [None, *[(0, OutOfMemoryError("killed"))] * 9]
    with pytest.raises(TrialError, match=r"even with one image.*choose a smaller image_size"):
        run(tasks[:1], storage)
    assert [step["micro_batch"] for step in memory_steps(tasks[0].work)] == [4, 2, 1]


def test_a_failure_is_not_repeated(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """What the local executor of a machine gives up is told, with the machine's name."""
    machine.fails = "trial 'a': no such backbone"
    with pytest.raises(TrialError, match=r"on \S+: trial 'a': no such backbone"):
        run(tasks[:1], storage)
    assert len(ray.sent) == 2


@pytest.mark.parametrize("error", [RayTaskError("bug"), TaskUnschedulableError("nowhere")])
def test_errors_that_will_come_again(
    error: Exception, ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """They are not tried again."""
    ray.plans = [(0, error)]
    with pytest.raises(TrialError, match=str(error)):
        run(tasks[:1], storage)
    assert len(ray.sent) == 1


def test_a_folder_damaged_on_its_way_is_asked_for_again(
    ray: StandInRay,
    machine: Machine,
    tasks: list[Task],
    storage: FolderStorage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No epoch is trained twice for it, and nothing damaged takes a final name."""
    send, sends = node.read_folder, []

    def damaged(folder: Path, files: Any) -> Iterator[bytes]:
        sends.append(folder)
        for part in send(folder, files):
            yield part[:-1] + b"?" if len(sends) == 1 else part

    monkeypatch.setattr(node, "read_folder", damaged)
    told = run(tasks[:1], storage)
    assert len(sends) == 2 and is_whole(tasks[0].folder)
    assert machine.trained == [("a", number) for number in range(1, EPOCHS + 1)]
    assert "restart" in kinds(told, "a")


def test_a_machine_dies_while_its_folder_comes(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """Half a folder takes no final name; no epoch is trained again for it."""
    before_bytes = len(["start", *range(EPOCHS), "done", "FOLDER"])
    ray.plans = [None, (before_bytes, NodeDiedError("gone"))]  # the first finds no store
    told = run(tasks[:1], storage)
    assert is_whole(tasks[0].folder) and "restart" in kinds(told, "a")
    assert machine.trained == [("a", number) for number in range(1, EPOCHS + 1)]
    assert not list(tasks[0].folder.parent.glob(f".{tasks[0].key}*"))


def test_an_interrupt_ends_the_tasks_and_keeps_the_epochs(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """All tasks are ended; the next call goes on from what the storage has."""

    def interrupt(event: dict[str, Any]) -> None:
        if event["kind"] == "epoch" and event["done"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RayExecutor("head:1", storage.place).run(tasks, interrupt)
    left = [stream for stream in ray.sent if stream.cancelled]
    assert len(left) == 2
    assert kept_epochs(storage, tasks[0].key) >= 2
    machine.home = machine.home.with_name("another")
    told = run(tasks, storage)
    start = next(event for event in told if event["kind"] == "start" and event["trial"] == "a")
    assert start["done"] >= 2 and all(is_whole(task.folder) for task in tasks)


def test_what_was_begun_here_goes_on_there(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """A checkpoint of the local executor is handed on."""
    task = tasks[0]
    task.work.mkdir(parents=True)
    Checkpoint([{"epoch": 1}], {"epoch": 1}, [np.ones(3)], [], 1.0).save(task.work)
    told = run([task], storage)
    assert next(event["done"] for event in told if event["kind"] == "start") == 1
    assert keep(storage, task.key, task.work.with_name("none")) == 0


def test_a_trial_that_another_process_trains_is_waited_for(
    ray: StandInRay, machine: Machine, tasks: list[Task], storage: FolderStorage
) -> None:
    """It is not sent as long as its lock is held; the others are."""
    lock = FileLock(f"{tasks[0].folder}.lock")
    lock.acquire()
    seen: list[str] = []

    def told(event: dict[str, Any]) -> None:
        seen.append(event["trial"])
        if event["trial"] == "b" and event["kind"] == "done":
            lock.release()

    RayExecutor("head:1", storage.place).run(tasks, told)
    assert seen.index("a") > len(seen) - seen[::-1].index("b") - 1


def test_other_versions_are_one_message(
    ray: StandInRay,
    machine: Machine,
    tasks: list[Task],
    storage: FolderStorage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before anything is sent, with the machine's name and what differs."""
    facts = node.facts_here
    monkeypatch.setattr(node, "facts_here", lambda backend: facts(backend) | {"Python": "3.9.1"})
    with pytest.raises(ConfigError, match=r"Python is 3\.9\.1 there and .* same locks") as caught:
        run(tasks, storage)
    assert len(str(caught.value).splitlines()) == 1 and ray.sent == []


def test_a_machine_that_joins_later_is_looked_at_too(
    ray: StandInRay,
    machine: Machine,
    tasks: list[Task],
    storage: FolderStorage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the task itself, before it trains."""
    facts, calls = node.facts_here, []

    def later(backend: str) -> dict[str, str]:
        calls.append(backend)
        return facts(backend) | ({"keras": "2.15.0"} if len(calls) > 1 else {})

    monkeypatch.setattr(node, "facts_here", later)
    with pytest.raises(ConfigError, match=r"keras is 2\.15\.0 there"):
        run(tasks, storage)
    assert machine.trained == []


def test_a_storage_that_a_machine_does_not_see(
    ray: StandInRay,
    machine: Machine,
    tasks: list[Task],
    storage: FolderStorage,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """One message, however many machines there are; nothing is sent."""
    ray.machines *= 3
    monkeypatch.setattr(node, "open_storage", lambda place: FolderStorage(tmp_path / "elsewhere"))
    with pytest.raises(ConfigError, match="does not see it") as caught:
        run(tasks, storage)
    assert len(str(caught.value).splitlines()) == 1 and ray.sent == []
    assert storage.names("marks") == []


def test_a_storage_that_fails_does_not_end_a_training(
    ray: StandInRay,
    machine: Machine,
    tasks: list[Task],
    storage: FolderStorage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told with each epoch that is not kept."""

    def full(*_: Any) -> int:
        raise OSError("no space")

    monkeypatch.setattr(node, "keep", full)
    told = run(tasks[:1], storage)
    assert kinds(told, "a").count("storage") == EPOCHS and is_whole(tasks[0].folder)
    assert cache_home() != machine.home
