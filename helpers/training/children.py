"""Child processes of the ``local`` executor: started when needed, kept while they can serve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from helpers.core import ROOT
from helpers.training.memory import LIMIT
from helpers.training.template import ForkedChild, template_of

Child = subprocess.Popen[str] | ForkedChild

REST_SECONDS = 20.0
"""How long children wait for another executor of their process before they are ended: between two
sections of a chapter there are seconds, and a new child would build and trace its network anew."""


class Children:
    """The children of one executor, each busy with one request or waiting for the next.

    Parameters
    ----------
    environment : dict of str to str
        Of the processes.
    stay : bool
        Whether a child that has ended a request well is kept for the next one.
    fork : bool, default=False
        Whether children are forked from a template, which spares them the framework's import.
    """

    def __init__(self, environment: dict[str, str], stay: bool, fork: bool = False) -> None:
        self.environment, self.stay, self.fork = environment, stay, fork
        self._lock = threading.Lock()
        self._all: set[Child] = set()
        self._waiting: list[Child] = []

    def request(self, payload: dict[str, Any], log: Path) -> Request:
        """Hand a request to a waiting child, or to a new one.

        Parameters
        ----------
        payload : dict
            What `helpers.training.worker` reads.
        log : Path
            File to whose end goes what the child prints.
        """
        stay = self.stay and not payload["probe"]
        line = json.dumps(payload | {"log": str(log), "stay": stay}) + "\n"
        while True:
            child, was_waiting = self._take(log, payload["backend"])
            assert child.stdin is not None
            try:
                child.stdin.write(line)
                child.stdin.flush()
            except BrokenPipeError:
                if was_waiting:  # it has died since
                    self._bury(child)
                    continue
            except BaseException:
                child.kill()
                self._bury(child)
                raise
            return Request(self, child)

    def _take(self, log: Path, backend: str) -> tuple[Child, bool]:
        with self._lock:
            if self._waiting:
                return self._waiting.pop(), True
            with open(log, "ab") as file:  # until it has read where to log
                child = self._start(file, backend)
            self._all.add(child)
            return child, False

    def _start(self, log: IO[bytes], backend: str) -> Child:
        """A new child; its standard input stays open, and its end tells that the parent died."""
        if self.fork and backend == "tensorflow":
            forked = template_of(self.environment).fork(log, self.environment)
            if forked is not None:  # else it could not start, and the child will tell why
                return forked
        return subprocess.Popen(
            [sys.executable, "-m", "helpers.training"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=self.environment,
            text=True,
        )

    def _keep(self, child: Child) -> None:
        with self._lock:
            self._waiting.append(child)

    def _bury(self, child: Child) -> int:
        """Wait for a child's end; gives its exit status."""
        status = child.wait()
        with self._lock:
            self._all.discard(child)
        for pipe in (child.stdin, child.stdout):
            with suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()
        return status

    def dismiss(self) -> None:
        """End the children that wait."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for child in waiting:
            child.kill()
            self._bury(child)

    def kill(self) -> None:
        """End all children at once."""
        with self._lock:
            children = list(self._all)
        for child in children:
            child.kill()
        self.dismiss()


class _Rest:
    """Children of an executor that has ended, until the next one takes them or time is up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: Children | None = None
        self._timer: threading.Timer | None = None

    def exchange(self, children: Children | None) -> Children | None:
        """Give back those that rest here, whose time stops, and let others rest in their place."""
        with self._lock:
            before, self._children = self._children, children
            if self._timer is not None:
                self._timer.cancel()
            if children is not None:
                self._timer = threading.Timer(REST_SECONDS, self._expire, [children])
                self._timer.daemon = True
                self._timer.start()
            return before

    def _expire(self, children: Children) -> None:
        with self._lock:
            if self._children is not children:
                return
            self._children = None
        children.dismiss()


_rest = _Rest()


def take_children(environment: dict[str, str], stay: bool, fork: bool) -> Children:
    """Children for an executor: those that rest, if they are such ones, or none yet.

    Parameters
    ----------
    environment, stay, fork
        As of `Children`.
    """
    resting = _rest.exchange(None)
    if resting is not None:
        if (resting.environment, resting.stay, resting.fork) == (environment, stay, fork):
            return resting
        resting.dismiss()
    return Children(environment, stay, fork)


def let_rest(children: Children | None) -> None:
    """Keep children for the next executor of this process, for `REST_SECONDS`.

    Parameters
    ----------
    children : Children or None
        Of which none trains any more; where None, those that rest are ended at once.
    """
    before = _rest.exchange(children)
    if before is not None:
        before.dismiss()


class Request:
    """What one child was asked: its events, then how it ended."""

    def __init__(self, children: Children, child: Child) -> None:
        self._children, self._child = children, child
        self._kept = False

    def events(self) -> Iterator[dict[str, Any]]:
        """The child's events, until it is ready for another request or has ended."""
        assert self._child.stdout is not None
        for line in self._child.stdout:
            event = json.loads(line)
            if event["kind"] == "ready":
                self._kept = True
                return
            yield event

    def close(self) -> int:
        """Keep a child that is ready, wait for the end of another.

        Returns
        -------
        int
            0 for one that is ready, else its exit status, negative for a signal.
        """
        if self._kept:
            self._children._keep(self._child)
            return 0
        return self._children._bury(self._child)

    def kill(self) -> None:
        """End the child at once."""
        self._child.kill()


def worker_environment(threads: int | None) -> dict[str, str]:
    """Environment of a child that computes with so many threads, or with as many as it likes.

    What the user has set stays.
    """
    defaults = {"TF_CPP_MIN_LOG_LEVEL": "2"}
    if os.environ.get(LIMIT):
        # glibc reserves address space for each thread: 0.8 GB of it, and hardly any memory.
        defaults["MALLOC_ARENA_MAX"] = "1"
    if threads is not None:
        names = (
            "TF_NUM_INTRAOP_THREADS",
            "TF_NUM_INTEROP_THREADS",
            "OMP_NUM_THREADS",
            "PJRT_NPROC",  # JAX
        )
        defaults |= {name: str(threads) for name in names}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return defaults | dict(os.environ) | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
