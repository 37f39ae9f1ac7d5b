"""The tasks of one call: sent, heard, sent again where a machine is gone, until each is done.

What to do when a machine is gone is decided here, and not by Ray's own retries, which repeat a task
that was killed for memory without end: a trial goes on from its last epoch, with fewer images at a
time where memory ran out, and is given up after `MOST_DEATHS` in a row.
"""

from __future__ import annotations

import platform
import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout

from helpers.core import ConfigError, TrialError, write_json
from helpers.training.cluster.connection import passed_on
from helpers.training.cluster.goods import Goods, goods_of
from helpers.training.cluster.kept import epochs_in, forget, keep, kept_epochs
from helpers.training.cluster.machines import last_line, other_versions
from helpers.training.cluster.needs import needs_of
from helpers.training.cluster.receiving import Receiver
from helpers.training.cluster.storage import Storage, told_storage_errors
from helpers.training.cluster.versions import facts_here
from helpers.training.executors import LocalExecutor, no_room, shrink
from helpers.training.memory import STEPS, memory_steps
from helpers.training.trials import OnEvent, Task, is_whole

MOST_DEATHS = 5
"""How often in a row a trial may lose its machine or process before it has ended an epoch."""

MOST_SENT = 256
"""Tasks that the cluster knows of at a time: each has a lock file open here."""

WAIT_SECONDS = 0.5


@dataclass
class _Sent:
    """A task that the cluster has."""

    task: Task
    lock: FileLock
    goods: list[dict[str, Any]]
    stream: Any = None
    folder: list[dict[str, Any]] | None = None
    parts: Receiver | None = None
    epochs: int = 0
    deaths: int = 0
    failed: str = ""
    lacking: bool = False


class TaskRun:
    """The tasks of one call, until each is a finished trial or has failed."""

    def __init__(
        self,
        ray: Any,
        storage: Storage,
        train_there: Any,
        goods: Goods,
        machines: list[dict[str, float]],
        on_event: OnEvent,
    ) -> None:
        self.ray, self.storage, self.train_there, self.goods = ray, storage, train_there, goods
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
        sent = _Sent(task, lock, goods_of(task))
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
        train = self.train_there.options(
            name=task.config.name,
            max_retries=0,
            num_returns="streaming",
            scheduling_strategy="SPREAD",
            _generator_backpressure_num_objects=8,
            **options,
        )
        table, parts = self.goods.table(task), self.goods.sent(sent.goods)
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
            raise ConfigError(other_versions(event["host"], event["found"])[0])
        if kind == "MISSING":
            sent.lacking = True
        elif kind == "FAILED":
            sent.failed = event["text"]
        elif kind == "FOLDER":
            sent.folder = event["files"]
            sent.parts = Receiver(sent.task, event["files"])
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
            self.goods.send(sent.goods)
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
            self._give_up(sent, f"trial {sent.task.config.name!r}: {last_line(error)}")
        else:
            self._again(sent, f"its machine or process is gone ({type(error).__name__})")

    def _again(self, sent: _Sent, reason: str) -> None:
        with told_storage_errors(self.storage.place):
            kept = kept_epochs(self.storage, sent.task.key)
        if kept > sent.epochs:  # the machine was gone before it could tell
            sent.epochs, sent.deaths = kept, 0
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
