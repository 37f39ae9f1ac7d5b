"""The ``ray`` executor: each trial is one task of a Ray cluster.

Ray places the tasks and tells when a machine is gone. What to do then is decided here, and not by
Ray's own retries, which repeat a task that was killed for memory without end: a trial goes on from
its last epoch, with fewer images at a time where memory ran out, and is given up after
`MOST_DEATHS` in a row.
"""

from __future__ import annotations

import os
import platform
import queue
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout

from helpers.core import ConfigError, TrialError, cache_home, write_json
from helpers.dataset import store_record
from helpers.training.cluster import node
from helpers.training.cluster.connection import ADDRESS, connect, passed_on, storage_place
from helpers.training.cluster.kept import epochs_in, forget, keep, kept_epochs
from helpers.training.cluster.needs import needs_of
from helpers.training.cluster.parcels import list_files, read_folder, read_parts, unpack
from helpers.training.cluster.storage import leave_mark, open_storage, told_storage_errors
from helpers.training.cluster.versions import differences, facts_here
from helpers.training.executors import LocalExecutor, no_room, shrink
from helpers.training.memory import STEPS, memory_steps
from helpers.training.trials import OnEvent, Task, is_whole

MOST_DEATHS = 5
"""How often in a row a trial may lose its machine or process before it has ended an epoch."""

MOST_SENT = 256
"""Tasks that the cluster knows of at a time: each has a lock file open here."""

WAIT_SECONDS = 0.5
LOOK_SECONDS = 120.0
"""For how long a machine may not answer when it is looked at."""


class RayExecutor:
    """Trains each trial in a task of a Ray cluster.

    Parameters
    ----------
    address : str, optional
        Host and port of the cluster's head; what ``DERMBOOK_RAY_ADDRESS`` names where None, and a
        cluster of this machine alone where that is not set.
    storage : str, optional
        Folder or address of checkpoints; see `connection.storage_place`.
    """

    def __init__(self, address: str | None = None, storage: str | None = None) -> None:
        self.address = address or os.environ.get(ADDRESS)
        self.storage = open_storage(storage or storage_place())
        self.ray = connect(self.address)
        self._seen: set[str] = set()
        self._sent: dict[str, list[Any]] = {}
        self._tables: dict[bytes, Any] = {}
        self.train_there = self.ray.remote(node.train_there)

    def run(self, tasks: Sequence[Task], on_event: OnEvent) -> None:
        """Train tasks.

        Parameters
        ----------
        tasks : sequence of Task
            What to train.
        on_event : callable
            Gets each event of all trainings, one at a time, with the ``host`` that it is from.

        Raises
        ------
        ConfigError
            If the storage cannot be used, or a machine has other versions.
        TrialError
            If a trial ends without its folder; the others are trained all the same.
        """
        machines = self._look_at_machines(tasks[0].backend)
        run = _Run(self, machines, on_event)
        try:
            run.finish(tasks)
        finally:
            run.end()
        if run.failures:
            raise TrialError("\n".join(run.failures))

    def _look_at_machines(self, backend: str) -> list[dict[str, float]]:
        """Resources of the machines, after those not seen yet were asked what they have.

        Raises
        ------
        ConfigError
            With all that is wrong with any of them.
        """
        ray = self.ray
        alive = {one["NodeID"]: one["Resources"] for one in ray.nodes() if one["Alive"]}
        new = [name for name in alive if name not in self._seen]
        if new:
            mark = leave_mark(self.storage)
            try:
                problems = self._ask(new, backend, mark)
            finally:
                with told_storage_errors(self.storage.place):
                    self.storage.remove(mark)
            if problems:
                raise ConfigError("\n".join(problems))
            self._seen.update(new)
        return list(alive.values())

    def _ask(self, machines: list[str], backend: str, mark: str) -> list[str]:
        there = self.ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        look = self.ray.remote(node.look_at_machine)
        answers = [
            look.options(
                num_cpus=0, max_retries=0, scheduling_strategy=there(name, soft=False)
            ).remote(backend, self.storage.place, mark)
            for name in machines
        ]
        here = facts_here(backend)
        problems = []
        for answer in answers:
            try:
                found = self.ray.get(answer, timeout=LOOK_SECONDS)
            except self.ray.exceptions.RayTaskError as error:
                problems.append(_not_there(error))
            except self.ray.exceptions.RayError:  # gone meanwhile: no trial will go there
                continue
            else:
                problems += [found["problem"]] if found["problem"] else []
                problems += _other_versions(found["host"], differences(here, found["facts"]))
        return list(dict.fromkeys(problems))

    def send(self, goods: list[dict[str, Any]]) -> None:
        """Hand goods to Ray, which brings each to a machine once, in parts."""
        for entry in goods:
            if entry["name"] not in self._sent:
                self._sent[entry["name"]] = [self.ray.put(part) for part in _parts(entry)]

    def sent(self, goods: list[dict[str, Any]]) -> dict[str, list[Any]]:
        """What was sent of these."""
        names = [entry["name"] for entry in goods]
        return {name: self._sent[name] for name in names if name in self._sent}

    def table(self, task: Task) -> Any:
        """A task's table at Ray, one for all tasks that have the same."""
        content = task.table.read_bytes()
        if content not in self._tables:
            self._tables[content] = self.ray.put(content)
        return self._tables[content]


def _goods_of(task: Task) -> list[dict[str, Any]]:
    """What a trial reads besides its table: the image store, and trials that it begins with."""
    store = {
        "kind": "store",
        "name": f"stores/{task.images.name}",
        "record": store_record(task.images),
    }
    starts = [
        {
            "kind": "trial",
            "name": f"trials/{key}",
            "files": list_files(cache_home() / "trials" / key),
        }
        for key in task.config.starts
    ]
    return [store, *starts]


def _parts(entry: dict[str, Any]) -> Iterator[bytes]:
    place = cache_home() / entry["name"]
    return read_parts([place]) if entry["kind"] == "store" else read_folder(place, entry["files"])


def _other_versions(host: str, found: list[str]) -> list[str]:
    if not found:
        return []
    return [
        f"{host}: expected the versions of this machine ({platform.node()}), because they decide a "
        f"trial's numbers, but {'; '.join(found)}; install the same locks and the same commit on "
        "all machines"
    ]


def _last_line(error: Exception) -> str:
    """What an error says: Ray puts the traceback of the other process before it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def _not_there(error: Exception) -> str:
    return (
        f"a machine of the cluster cannot run the project ({_last_line(error)}); install it there "
        "as here (make setup WITH=scale), and start Ray with that Python"
    )


@dataclass
class _Sent:
    """A task that the cluster has."""

    task: Task
    lock: FileLock
    goods: list[dict[str, Any]]
    stream: Any = None
    folder: list[dict[str, Any]] | None = None
    parts: _Receiver | None = None
    epochs: int = 0
    deaths: int = 0
    failed: str = ""
    lacking: bool = False


class _Receiver:
    """Puts a folder in place in a thread, from parts as they come."""

    def __init__(self, task: Task, files: list[dict[str, Any]]) -> None:
        self._parts: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        self._error: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._unpack, args=(task, files), daemon=True)
        self._thread.start()

    def _unpack(self, task: Task, files: list[dict[str, Any]]) -> None:
        try:
            unpack(task.folder, files, self._taken())
        except BaseException as error:
            self._error = error
        for _ in self._taken():  # so that nobody waits for room
            continue

    def _taken(self) -> Iterator[bytes]:
        while not self._closed:
            part = self._parts.get()
            if part is None:
                self._closed = True
            else:
                yield part

    def take(self, part: bytes | None) -> None:
        """The next part; None after the last, or where no more come."""
        self._parts.put(part)

    def close(self) -> BaseException | None:
        """What went wrong, after all parts were taken."""
        self.take(None)
        self._thread.join()
        return self._error


class _Run:
    """The tasks of one call, until each is a finished trial or has failed."""

    def __init__(
        self, executor: RayExecutor, machines: list[dict[str, float]], on_event: OnEvent
    ) -> None:
        self.executor, self.ray = executor, executor.ray
        self.storage = executor.storage
        self.machines, self.on_event = machines, on_event
        self.threads = LocalExecutor().threads
        self.running: dict[Any, _Sent] = {}
        self.failures: list[str] = []

    def finish(self, tasks: Sequence[Task]) -> None:
        """Send tasks and take what comes back."""
        waiting = list(tasks)
        while waiting or self.running:
            for task in list(waiting):
                if len(self.running) >= MOST_SENT:
                    break
                lock = FileLock(f"{task.folder}.lock", timeout=0)
                try:
                    lock.acquire()
                except Timeout:  # another process trains it
                    continue
                waiting.remove(task)
                if is_whole(task.folder):
                    lock.release()
                    continue
                self._begin(task, lock)
            self._take_ready()

    def _begin(self, task: Task, lock: FileLock) -> None:
        sent = _Sent(task, lock, _goods_of(task))
        with told_storage_errors(self.storage.place):
            if epochs_in(task.work) > kept_epochs(self.storage, task.key):  # begun on this machine
                keep(self.storage, task.key, task.work)
        task.work.mkdir(parents=True, exist_ok=True)
        self._send(sent)

    def _send(self, sent: _Sent) -> None:
        task = sent.task
        needs = needs_of(task, self.machines, self.threads)
        order = {
            "task": task.payload(),
            "threads": needs.threads,
            "storage": self.storage.place,
            "facts": facts_here(task.backend),
            "goods": sent.goods,
            "memory": memory_steps(task.work),
        }
        options: dict[str, Any] = needs.options()
        if variables := passed_on():
            options["runtime_env"] = {"env_vars": variables}
        train = self.executor.train_there.options(
            name=task.config.name,
            max_retries=0,
            num_returns="streaming",
            scheduling_strategy="SPREAD",
            _generator_backpressure_num_objects=8,
            **options,
        )
        table, parts = self.executor.table(task), self.executor.sent(sent.goods)
        sent.folder, sent.parts, sent.failed, sent.lacking = None, None, "", False
        sent.stream = train.remote(order, table, parts)
        self.running[sent.stream] = sent

    def _take_ready(self) -> None:
        if not self.running:
            threading.Event().wait(WAIT_SECONDS)  # others hold the locks of what is left
            return
        streams = list(self.running)
        ready, _ = self.ray.wait(streams, num_returns=1, timeout=WAIT_SECONDS)
        if ready and len(streams) > 1:
            ready, _ = self.ray.wait(streams, num_returns=len(streams), timeout=0)
        for stream in ready:
            self._take(self.running[stream])

    def _take(self, sent: _Sent) -> None:
        try:
            item = self.ray.get(next(sent.stream))
        except StopIteration:
            self._ended(sent)
        except self.ray.exceptions.RayError as error:
            self._died(sent, error)
        else:
            if isinstance(item, bytes):
                assert sent.parts is not None
                sent.parts.take(item)
            else:
                self._hear(sent, item)

    def _hear(self, sent: _Sent, event: dict[str, Any]) -> None:
        kind = event["kind"]
        if kind == "DIFFERS":
            raise ConfigError(_other_versions(event["host"], event["found"])[0])
        if kind == "MISSING":
            sent.lacking = True
        elif kind == "FAILED":
            sent.failed = event["text"]
        elif kind == "FOLDER":
            sent.folder = event["files"]
            sent.parts = _Receiver(sent.task, event["files"])
        else:
            if kind == "epoch":
                sent.epochs, sent.deaths = event["done"], 0
            if kind == "memory":  # the next machine must not find out again
                step = {name: event[name] for name in ("micro_batch", "accumulation", "reason")}
                _add_step(sent.task, step)
            self._tell(sent, event)

    def _tell(self, sent: _Sent, event: dict[str, Any]) -> None:
        named = {"trial": sent.task.config.name, "key": sent.task.key} | event
        host = named.get("host", platform.node())
        if host != platform.node():
            named["text"] = f"{named['text']} (on {host})"
        self.on_event(named)

    def _ended(self, sent: _Sent) -> None:
        """A stream that ended by itself."""
        del self.running[sent.stream]
        if sent.lacking:
            self.executor.send(sent.goods)
            self._send(sent)
            return
        if sent.failed:
            self._give_up(sent, sent.failed)
            return
        problem = sent.parts.close() if sent.parts is not None else TrialError("no folder came")
        if problem is None and is_whole(sent.task.folder):
            shutil.rmtree(sent.task.work, ignore_errors=True)
            with told_storage_errors(self.storage.place):
                forget(self.storage, sent.task.key)
            sent.lock.release()
        elif isinstance(problem, ConfigError):  # no room here: it would not help to ask again
            raise problem
        else:
            self._again(sent, str(problem or "its folder came damaged"))

    def _died(self, sent: _Sent, error: Exception) -> None:
        """A stream that broke: the machine is gone, the process is, or the code failed."""
        del self.running[sent.stream]
        if sent.parts is not None:
            sent.parts.close()
        errors = self.ray.exceptions
        if isinstance(error, errors.OutOfMemoryError):
            event = shrink(sent.task, "the machine ran out of memory", sent.epochs)
            if event is None:
                self._give_up(sent, no_room(sent.task))
                return
            self._tell(sent, event)
            self._send(sent)
        elif isinstance(error, errors.RayTaskError | errors.TaskUnschedulableError):
            self._give_up(sent, f"trial {sent.task.config.name!r}: {_last_line(error)}")
        else:
            self._again(sent, f"its machine or process is gone ({type(error).__name__})")

    def _again(self, sent: _Sent, reason: str) -> None:
        sent.deaths += 1
        if sent.deaths >= MOST_DEATHS:
            self._give_up(
                sent,
                f"trial {sent.task.config.name!r}: {reason}, {MOST_DEATHS} times in a row without "
                "an epoch between; look at the machines of the cluster (`ray status`)",
            )
            return
        text = f"{reason}; going on after epoch {sent.epochs}"
        self._tell(sent, {"kind": "restart", "text": text})
        self.machines = [one["Resources"] for one in self.ray.nodes() if one["Alive"]]
        self._send(sent)

    def _give_up(self, sent: _Sent, why: str) -> None:
        self.failures.append(why)
        self._tell(sent, {"kind": "failed", "text": "failed"})
        sent.lock.release()

    def end(self) -> None:
        """End the tasks that are left; their finished epochs are in the storage."""
        left = list(self.running.values())
        for sent in left:
            self.ray.cancel(sent.stream, force=True)
        for sent in left:
            if sent.parts is not None:
                sent.parts.close()
            sent.lock.release()


def _add_step(task: Task, step: dict[str, Any]) -> None:
    write_json(task.work / STEPS, [*memory_steps(task.work), step])
