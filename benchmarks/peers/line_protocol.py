"""A process that works a round at a time when it is told, so that two sides can take turns.

The parent writes the settings as one line of JSON, reads one line of facts when the other has
warmed up, and then writes a line for each round and reads how many units of work were done. The
standard library is enough for either end: the other interpreter has other packages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOG_LINES = 15

Start = Callable[[dict[str, Any]], tuple[dict[str, Any], Callable[[], int]]]


class PeerError(RuntimeError):
    """A peer that ended, or said something else than was asked; with the last lines it printed."""


def serve(start: Start) -> None:
    """Be the other end: what is printed meanwhile goes to the standard error.

    Parameters
    ----------
    start : callable
        Gets the settings, warms up, and returns facts and the work of one round; the work
        returns how many units it did.
    """
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)

        def answer(content: dict[str, Any]) -> None:
            answers.write(json.dumps(content) + "\n")
            answers.flush()

        facts, work = start(json.loads(sys.stdin.readline()))
        answer(facts)
        for _ in sys.stdin:
            answer({"units": work()})


class Peer:
    """One such process; a context manager, whose end ends it.

    Parameters
    ----------
    python : str
        Path of the interpreter.
    module : str
        What it runs, as in ``benchmarks.peers.torch_steps``.
    settings : mapping
        What `serve` hands to the other end.
    environment : mapping of str to str, optional
        Variables in place of this process's own.

    Attributes
    ----------
    facts : dict
        What it said when it had warmed up.
    start_seconds : float
        From the start of the process until then.

    Raises
    ------
    PeerError
        If it cannot be started, or ends before it has warmed up.
    """

    def __init__(
        self,
        python: str,
        module: str,
        settings: Mapping[str, Any],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = f"{python} -m {module}"
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115, closed with the process
        self._began = time.perf_counter()
        try:
            self._process = subprocess.Popen(
                [python, "-m", module],
                cwd=ROOT,  # its modules are found, and no other package of this interpreter
                env=dict(os.environ if environment is None else environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
            )
        except OSError as error:
            self._log.close()
            raise PeerError(f"{self.name}: cannot be started ({error.strerror})") from error
        self._write(json.dumps(dict(settings)))

    def wait(self) -> Peer:
        """Read the facts; so that several can start beside each other."""
        try:
            self.facts = self._read()
        except PeerError:
            self.close()
            raise
        self.start_seconds = time.perf_counter() - self._began
        return self

    def ask(self) -> None:
        """Let it begin a round."""
        self._write("round")

    def answer(self) -> int:
        """Wait for the round's end; how many units of work it did."""
        return int(self._read()["units"])

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # reading will tell
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._log.seek(0)
            said = "".join(self._log.readlines()[-LOG_LINES:]).strip()
            raise PeerError(f"{self.name}: ended with status {status}; it printed:\n{said}")
        content: dict[str, Any] = json.loads(line)
        return content

    def close(self) -> None:
        """End it, and wait for its end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        if not self._log.closed:
            self._log.close()

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def round_of(peers: Sequence[Peer]) -> int:
    """One round of several peers at the same time; their units together."""
    for peer in peers:
        peer.ask()
    return sum(peer.answer() for peer in peers)
