"""Executors: who runs a trial. ``local`` trains it in a child process on this machine.

A child process is what makes a trial harmless: when it runs out of memory only it dies, and
its end gives back all memory, a GPU's too. The child reports events as JSON lines on its
standard output; everything else that it prints goes to ``training.log`` in its folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

from helpers.errors import ConfigError, TrialError
from helpers.trials import OnEvent, Task

LOG_LINES_SHOWN = 15


class Executor(Protocol):
    """Runs one task to its end: afterwards ``task.folder`` is a finished trial."""

    def run(self, task: Task, on_event: OnEvent) -> None:
        """Train; report events; raise `TrialError` when it cannot be done."""


class LocalExecutor:
    """Trains each trial in a child process of its own."""

    def run(self, task: Task, on_event: OnEvent) -> None:
        """Train one trial in a child process.

        Parameters
        ----------
        task : Task
            What to train.
        on_event : callable
            Gets each event of the child.

        Raises
        ------
        TrialError
            If the child ends without a finished trial. The message names the signal or exit
            status and ends with the last lines of its log, which stays beside the trials.
        """
        if task.work.exists():
            shutil.rmtree(task.work)
        task.work.mkdir(parents=True)
        log = task.work / "training.log"
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "helpers.worker"]
        with open(log, "wb") as log_file:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                env=environment,
                text=True,
            )
            assert child.stdin is not None and child.stdout is not None
            failure = ""
            try:
                # The pipe stays open: its end tells the child that its parent has died.
                child.stdin.write(json.dumps(task.payload()) + "\n")
                child.stdin.flush()
                for line in child.stdout:
                    event = json.loads(line)
                    failure = event.get("error", failure)
                    on_event({"trial": task.config.name, "key": task.key, **event})
                status = child.wait()
            except BrokenPipeError:
                status = child.wait()
            finally:
                if child.poll() is None:
                    child.terminate()
                    child.wait()
                child.stdin.close()
                child.stdout.close()
        if status != 0:
            raise TrialError(_explain(task, status, failure, log))


def _explain(task: Task, status: int, failure: str, log: Path) -> str:
    if failure:
        reason = failure
    elif status == -signal.SIGKILL:
        reason = "its process was killed, most often because memory ran out"
    elif status < 0:
        reason = f"its process was ended by {signal.Signals(-status).name}"
    else:
        reason = f"its process ended with status {status}"
    tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:]
    shown = "\n".join(f"    {line}" for line in tail)
    return f"trial {task.config.name!r}: {reason}; the log is {log}\n{shown}"


EXECUTORS = {"local": LocalExecutor}


def find_executor(executor: Any) -> Executor:
    """An executor by name, or the one given.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if not isinstance(executor, str):
        return executor  # type: ignore[no-any-return]
    if executor not in EXECUTORS:
        raise ConfigError(f"executor: expected one of {', '.join(EXECUTORS)}, got {executor!r}")
    return EXECUTORS[executor]()
