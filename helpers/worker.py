"""The child process of the ``local`` executor: one task in, events out, one trial made."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import traceback
from typing import Any

from helpers.backends import choose_backend
from helpers.files import cache_home
from helpers.memory import LIMIT, is_memory_error
from helpers.trials import Task

STOPPED = 75
"""Exit status of a training that was asked to stop; EX_TEMPFAIL of sysexits.h."""


def _exit_with_parent() -> None:
    """End this process when its standard input closes: the parent is gone."""
    sys.stdin.read()
    os._exit(3)


def _limit_memory() -> None:
    """Keep to the address space of `helpers.memory.LIMIT`, where it is set."""
    limit = os.environ.get(LIMIT)
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (int(limit) * 2**20,) * 2)


def main() -> int:
    """Read one task from standard input and train it."""
    payload = json.loads(sys.stdin.readline())
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    # Libraries print; only events may reach the parent, so stdout becomes the log.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked = threading.Event()

    def stop(*_: object) -> None:
        if asked.is_set():  # a second request does not wait for the epoch
            os._exit(128 + signal.SIGTERM)
        asked.set()

    signal.signal(signal.SIGTERM, stop)

    def emit(event: dict[str, Any]) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    try:
        from helpers.training import StoppedError, probe, train

        _limit_memory()
        task = Task.from_payload(payload)
        choose_backend(task.backend)
        if payload.get("probe"):
            probe(task)
            return 0
        try:
            train(task, emit, asked.is_set)
        except StoppedError:
            text = "stopped as asked; the next call goes on from its last epoch"
            emit({"kind": "stopped", "text": text})
            return STOPPED
    except BaseException as error:
        traceback.print_exc()
        emit(
            {
                "kind": "failed",
                "error": describe(error),
                "memory": is_memory_error(error),
                "text": "failed",
            }
        )
        return 1
    return 0


def describe(error: BaseException) -> str:
    """An error in a line, with the way out where the disk is full."""
    text = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return (
            f"the disk is full ({text}); finished epochs are kept: free some space "
            f"({cache_home()} holds the trials, `dermbook trials` lists them) and call again"
        )
    return text


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # the reader of standard input and TensorFlow's threads are not waited for
