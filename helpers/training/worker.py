"""The child process of the ``local`` executor: a task in, events out, a trial made.

A child that has ended a training well may stay for the next one, which then does not wait for
the framework's import. One that has not ends, and its memory with it; so does one whose network was
large.
"""

from __future__ import annotations

import errno
import json
import os
import queue
import signal
import sys
import threading
import traceback
from typing import Any, NoReturn, TextIO

from helpers.core import cache_home
from helpers.models import choose_backend, import_keras
from helpers.training.memory import LIMIT, is_memory_error, trim_memory
from helpers.training.trials import Task

STOPPED = 75
"""Exit status of a training that was asked to stop; EX_TEMPFAIL of sysexits.h."""

STAYS_BYTES = 2**25
"""Of the variables of the largest network after which a child stays. Some of a network is never
given back (TensorFlow keeps the graph of each swish, and with it the variables), and beside the
training of a larger one the start of a child is nothing."""


def _read_requests(requests: queue.Queue[str]) -> None:
    """Take requests from standard input; end this process when it closes: the parent is gone."""
    for line in sys.stdin:
        requests.put(line)
    os._exit(3)


def _limit_memory() -> None:
    """Keep to the address space of `helpers.training.memory.LIMIT`, where it is set."""
    limit = os.environ.get(LIMIT)
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(limit) * 2**20,) * 2)


class Worker:
    """Trains one request after the other.

    Parameters
    ----------
    channel : TextIO
        Where events go, one JSON object a line.
    """

    def __init__(self, channel: TextIO) -> None:
        self.channel = channel
        self.busy = False
        self.large = False
        self.asked = threading.Event()

    def stop(self, *_: object) -> None:
        """End after the epoch; at once if nothing trains or if asked a second time."""
        if self.asked.is_set() or not self.busy:
            os._exit(128 + signal.SIGTERM)
        self.asked.set()

    def emit(self, event: dict[str, Any]) -> None:
        """Tell the parent."""
        self.channel.write(json.dumps(event) + "\n")
        self.channel.flush()

    def serve(self, requests: queue.Queue[str]) -> int:
        """Train what is requested until a training fails or a request does not let this stay.

        Returns
        -------
        int
            Exit status of the process.
        """
        while True:
            try:
                payload = json.loads(requests.get())
            except KeyboardInterrupt:  # in a terminal it reaches those that wait, too
                return 128 + signal.SIGINT
            self.busy = True
            _log_to(payload["log"])
            status = self._run(payload)
            sys.stderr.flush()
            self.busy = False
            if status or self.large or not payload["stay"]:
                return status
            _forget()
            self.emit({"kind": "ready"})

    def _run(self, payload: dict[str, Any]) -> int:
        try:
            # Here, so that a framework that cannot be imported is told as any other failure.
            from helpers.training.trainer import StoppedError, probe, train

            _limit_memory()
            task = Task.from_payload(payload)
            choose_backend(task.backend)
            import_keras()
            if payload["probe"]:
                probe(task)
                return 0
            try:
                self.large = train(task, self.emit, self.asked.is_set) > STAYS_BYTES
            except StoppedError:
                text = "stopped as asked; the next call goes on from its last epoch"
                self.emit({"kind": "stopped", "text": text})
                return STOPPED
        except BaseException as error:
            traceback.print_exc()
            self.emit(
                {
                    "kind": "failed",
                    "error": describe(error),
                    "memory": is_memory_error(error),
                    "text": "failed",
                }
            )
            return 1
        return 0


def _log_to(path: str) -> None:
    """Let all that is printed from now on go to the end of a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    with open(path, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def _forget() -> None:
    """Give back what the last training held, and begin to measure memory anew."""
    import gc

    import keras

    keras.utils.clear_session()
    gc.collect()
    trim_memory()


def main() -> int:
    """Serve the requests of standard input."""
    # Libraries print; only events may reach the parent, so they get a channel of their own.
    worker = Worker(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, worker.stop)
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    return worker.serve(requests)


def run() -> NoReturn:
    """Serve, then end without waiting for the reader of standard input and TensorFlow's threads."""
    status = main()
    sys.stderr.flush()
    os._exit(status)


def describe(error: BaseException) -> str:
    """An error in a line, with the way out where the disk is full."""
    text = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return (
            f"the disk is full ({text}); finished epochs are kept: free some space "
            f"({cache_home()} holds the trials, `dermbook trials` lists them) and call again"
        )
    return text
