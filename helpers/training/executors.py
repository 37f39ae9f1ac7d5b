"""Executors: who runs trials. ``local`` trains each in a child process on this machine.

A child process is what makes a trial harmless: when it runs out of memory only it dies, and
its end gives back all memory, a GPU's too. It is started again from its last epoch, with half as
many images at a time (`shrink`; how such an end is told is in `helpers.training.memory`). The child
reports events as JSON lines on its standard output; everything else that it prints goes to
``training.log`` in the trial's folder. On the CPU a child is forked from a template that has
imported TensorFlow, where it can be (`helpers.training.template`), and one that has ended well goes
on with the next trial, of the next executor too if that comes soon.

Without a GPU two children run at a time, each with half of the cores, whichever processes of this
machine ask for them. Building and tracing a large network takes one core a minute, and this way the
other core trains meanwhile. The number of threads of a child depends on how many may run, and never
on how many trials are left, because it may change the last bits of a sum and so the trial.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from helpers.core import TrialError, can_fork
from helpers.models import backend_name
from helpers.training.checkpoints import STATE
from helpers.training.children import Children, let_rest, take_children, worker_environment
from helpers.training.memory import (
    LIMIT,
    add_memory_step,
    is_memory_death,
    micro_batch_limit,
    oom_kills,
)
from helpers.training.trials import OnEvent, Task, is_whole
from helpers.training.worker import STOPPED

EXECUTOR = "DERMBOOK_EXECUTOR"
"""Variable that names the executor where a call does not; chapters are told by it."""

LOG = "training.log"
WAIT_SECONDS = 0.05
"""Between two looks for a free place."""

LOG_LINES_SHOWN = 15

MOST_KILLS = 10
"""How often in a row a training may be killed before it has ended an epoch."""


class Executor(Protocol):
    """Runs tasks to their end: afterwards each ``task.folder`` is a finished trial."""

    def run(self, tasks: Sequence[Task], on_event: OnEvent) -> None:
        """Train all tasks; report events; raise `TrialError` when some cannot be done."""


class LocalExecutor:
    """Trains each trial in a child process of its own.

    Parameters
    ----------
    parallel : int, optional
        Children at a time; where None, two on the CPU (one on a single core) and one with a
        GPU, which a training fills by itself.
    probe : bool, optional
        Whether one step is tried before a training, in a process of its own, with ever smaller
        micro-batches until it fits; where None, whether ``DERMBOOK_PROBE`` is 1.
    threads : int, optional
        That a child computes with; where None, its share of the cores, and as many as it likes
        with a GPU.
    """

    def __init__(
        self,
        parallel: int | None = None,
        probe: bool | None = None,
        threads: int | None = None,
    ) -> None:
        self.probe = os.environ.get("DERMBOOK_PROBE") == "1" if probe is None else probe
        cores = os.cpu_count() or 1
        gpu = has_gpu()
        self.parallel = parallel or (1 if gpu else min(2, cores))
        self.threads = threads or (None if gpu else max(1, cores // self.parallel))
        self._children: Children | None = None
        self._stopping = False

    def run(self, tasks: Sequence[Task], on_event: OnEvent) -> None:
        """Train tasks, the slowest first so that no core waits at the end.

        Parameters
        ----------
        tasks : sequence of Task
            What to train.
        on_event : callable
            Gets each event of the children, one at a time.

        Raises
        ------
        TrialError
            If a child ends without a finished trial; the others are trained all the same.
            The message names the signal or exit status and ends with the last lines of the
            log, which stays beside the trials.
        """
        lock = threading.Lock()
        failures: list[str] = []
        self._stopping = False
        stay = (
            self.threads is not None
            and backend_name() == "tensorflow"
            and not os.environ.get(LIMIT)
        )
        fork = stay and can_fork()
        children = self._children = take_children(worker_environment(self.threads), stay, fork)

        def tell(event: dict[str, Any]) -> None:
            with lock:
                on_event(event)

        def run_one(task: Task) -> None:
            try:
                with _locked(task):
                    if is_whole(task.folder):  # another process has just finished it
                        return
                    place = self._take_place(task.folder.parent)
                    if place is None:
                        return
                    try:
                        self._train(task, tell)
                    finally:
                        place.release()
            except TrialError as error:
                failures.append(str(error))

        try:
            with ThreadPoolExecutor(self.parallel) as pool:
                waiting = [pool.submit(run_one, t) for t in sorted(tasks, key=_cost, reverse=True)]
                try:
                    for future in waiting:
                        future.result()
                except BaseException:  # an interrupt, too, must not wait for trainings to end
                    for future in waiting:
                        future.cancel()
                    self._stopping = True
                    children.kill()  # their finished epochs are in their checkpoints
                    raise
        finally:
            let_rest(children)
        if failures:
            raise TrialError("\n".join(failures))

    def _take_place(self, folder: Path) -> FileLock | None:
        """One of as many places as trainings may run at a time, whichever processes ask for them.

        Chapters that run beside each other share the cores, and the memory, of one. None where
        this executor is being stopped.
        """
        while not self._stopping:
            for number in range(self.parallel):
                place = FileLock(folder / f".place-{number}.lock", timeout=0)
                with suppress(Timeout):
                    place.acquire()
                    return place
            time.sleep(WAIT_SECONDS)
        return None

    def _train(self, task: Task, on_event: OnEvent) -> None:
        """Train one task, starting its process again for as long as that can help."""
        task.work.mkdir(parents=True, exist_ok=True)
        if self.probe and not (task.work / STATE).exists():
            self._until_it_fits(task, on_event)
        killed_after, in_a_row = -1, 0
        while True:
            kills = oom_kills()
            end = self._run_child(task, on_event)
            if end.status == 0:
                return
            log = _tail(task.work / LOG)
            memory = end.memory or is_memory_death(end.status, log, kills)
            if end.status == -signal.SIGKILL and not self._stopping:
                in_a_row = in_a_row + 1 if killed_after == end.epochs else 1
                killed_after = end.epochs
                # Where nobody counts, twice without an epoch in between is taken for memory.
                memory = memory or (kills is None and in_a_row == 2)
                if not memory and in_a_row < MOST_KILLS:
                    text = f"killed; going on after epoch {end.epochs}"
                    on_event(_event(task, {"kind": "restart", "text": text}))
                    continue
            if not memory or self._stopping:
                raise TrialError(_explain(task, end, task.work / LOG))
            self._shrink(task, end, on_event)

    def _until_it_fits(self, task: Task, on_event: OnEvent) -> None:
        while True:
            kills = oom_kills()
            end = self._run_child(task, on_event, probe=True)
            log = _tail(task.work / LOG)
            if not (end.memory or is_memory_death(end.status, log, kills)) or self._stopping:
                return  # it fits, or the training itself will tell what is wrong
            self._shrink(task, end, on_event)

    def _shrink(self, task: Task, end: _End, on_event: OnEvent) -> None:
        """Halve the micro-batch of a task, or give up at one image."""
        reason = end.failure or f"its process died of memory ({_ending(end.status)})"
        event = shrink(task, reason, end.epochs)
        if event is None:
            raise TrialError(f"{no_room(task)} ({reason})\n" + _explain(task, end, task.work / LOG))
        on_event(_event(task, event))

    def _run_child(self, task: Task, on_event: OnEvent, probe: bool = False) -> _End:
        assert self._children is not None
        end = _End()
        request = self._children.request(task.payload() | {"probe": probe}, task.work / LOG)
        try:
            for event in request.events():
                if probe and event["kind"] == "failed":
                    event |= {"kind": "probe", "text": "does not fit yet"}
                end.failure = event.get("error", end.failure)
                end.memory = event.get("memory", end.memory)
                end.epochs = event.get("done", end.epochs)
                on_event(_event(task, event))
        except BaseException:
            request.kill()
            raise
        finally:
            end.status = request.close()
        return end


def shrink(task: Task, reason: str, epochs: int) -> dict[str, Any] | None:
    """Halve the micro-batch of a task whose memory ran out.

    Parameters
    ----------
    task : Task
        Its next start keeps to the smaller one.
    reason : str
        What happened.
    epochs : int
        After how many of them.

    Returns
    -------
    dict or None
        The event to tell; None where one image at a time was too much.
    """
    batch_size = max(stage.batch_size for stage in task.config.stages)
    current = min(micro_batch_limit(task.work) or batch_size, batch_size)
    if current == 1:
        return None
    step = add_memory_step(task.work, (current + 1) // 2, batch_size, reason)
    text = (
        f"out of memory after epoch {epochs}; going on with {step['micro_batch']} images "
        f"at a time, {step['accumulation']} times a step of {batch_size}"
    )
    return {"kind": "memory", **step, "text": text}


def no_room(task: Task) -> str:
    """Why a task is given up whose single images are too much, and what to do."""
    return (
        f"{task.config.name}: out of memory even with one image at a time; choose a smaller "
        "image_size or backbone, or close other programs"
    )


@dataclass
class _End:
    """How a child ended."""

    status: int = 0
    failure: str = ""
    memory: bool = False
    epochs: int = 0


def _event(task: Task, event: dict[str, Any]) -> dict[str, Any]:
    return {"trial": task.config.name, "key": task.key, **event}


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-LOG_LINES_SHOWN:])


def has_gpu() -> bool:
    """Whether this machine has an NVIDIA GPU whose driver answers; no framework is imported."""
    if shutil.which("nvidia-smi") is None or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False)
    return listing.returncode == 0 and bool(listing.stdout.strip())


def _cost(task: Task) -> float:
    """Rough order of training times: depth decides tracing, and pixels times epochs the rest."""
    depth = {"InceptionResNetV2": 8, "EfficientNetB3": 4, "ResNet50": 3, "VGG16": 3}
    height, width = task.config.image_size
    return depth.get(task.config.backbone, 1) * height * width * task.config.epochs


class _locked:  # noqa: N801 (used as a context manager)
    """One training a key at a time, on this machine."""

    def __init__(self, task: Task, timeout: float = 3600.0) -> None:
        self._lock = FileLock(f"{task.folder}.lock", timeout=timeout)
        self._task = task

    def __enter__(self) -> None:
        try:
            self._lock.acquire()
        except Timeout:
            raise TrialError(
                f"{self._task.config.name}: another process has been training this trial for "
                f"an hour; wait for it, or end it and remove {self._lock.lock_file}"
            ) from None

    def __exit__(self, *exc: object) -> None:
        self._lock.release()


def _ending(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def _explain(task: Task, end: _End, log: Path) -> str:
    if end.failure:
        reason = end.failure
    elif end.status == STOPPED:
        reason = "it was asked to stop; the next call goes on from its last epoch"
    elif end.status == -signal.SIGKILL:
        reason = (
            f"its process was killed {MOST_KILLS} times before it had ended an epoch, and not by "
            "the kernel for memory; look for what kills (a scheduler, earlyoom, systemd-oomd)"
        )
    else:
        reason = f"its process ended with {_ending(end.status)}"
    return f"trial {task.config.name!r}: {reason}; the log is {log}\n{_tail(log)}"
