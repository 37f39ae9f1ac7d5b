"""A process that has imported what takes seconds to import, from which others are forked.

A process that has imported a framework, has not begun to compute with it and has no threads of
its own can be forked safely, and its children share what it has read. What is forked becomes a
child of the process that asked for it, which can wait for it and end it as for one that it started
itself. Linux alone can do this.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn, Protocol

FORK = "DERMBOOK_FORK"
"""0 has every process import by itself."""

_SET_CHILD_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux' prctl.h
_PID_BYTES = 8
_READY = b"ready"
_MOST_BYTES = 2**17  # of a message; an environment is a few thousand

Run = Callable[[bytes], NoReturn]


def can_fork() -> bool:
    """Whether processes can be forked here: under Linux, unless `FORK` says otherwise."""
    return sys.platform == "linux" and os.environ.get(FORK) != "0"


class Forked:
    """A forked child of this process, with what callers use of `subprocess.Popen`.

    Parameters
    ----------
    pid : int
        Of a child of this process.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._ask(os.WNOHANG)

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        status = self._ask(0)
        assert status is not None
        return status

    def _ask(self, options: int) -> int | None:
        with self._lock:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, options)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not been waited for."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class _Process(Protocol):
    pid: int

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...

    def kill(self) -> None: ...


class ForkServer:
    """The end of a fork server that asks.

    Parameters
    ----------
    channel : socket
        Whose other end `serve` has.
    process : Popen or Forked
        The server.

    Attributes
    ----------
    forking : Lock
        Held while a process is forked. This process adopts orphans then, so that who ends a process
        that has children of its own does it with the lock, or the children become this one's.
    """

    def __init__(self, channel: socket.socket, process: _Process) -> None:
        self._channel, self.process = channel, process
        self.forking = threading.Lock()
        self._ready = False

    @classmethod
    def start(cls, module: str, environment: Mapping[str, str]) -> ForkServer:
        """Start a module whose main program calls `serve` with the number of its last argument."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # where it fails, a process by itself tells why
                env=dict(environment),
            )
        return cls(ours, process)  # type: ignore[arg-type]

    @classmethod
    def of_this_process(cls, run: Run) -> ForkServer:
        """Fork a server from this process, which must not have threads yet."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            ours.close()
            serve(theirs, run)
        theirs.close()
        return cls(ours, Forked(pid))

    def fork(self, message: bytes, streams: Sequence[int]) -> int | None:
        """Have a process forked, as a child of this one.

        Parameters
        ----------
        message : bytes
            Handed to the server's `run`; not empty.
        streams : sequence of three int
            File descriptors that become its standard streams.

        Returns
        -------
        int or None
            Its process number; None where the server has ended, which is then waited for.
        """
        try:
            with self.forking:
                if not self._ready:
                    self._ready = bool(self._channel.recv(len(_READY)))
                with _adopting():
                    socket.send_fds(self._channel, [message], list(streams))
                    answer = self._channel.recv(_PID_BYTES)
        except OSError:
            answer = b""
        if not answer:
            self.close()
            return None
        return int.from_bytes(answer, "little")

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def close(self) -> None:
        """End it, and do not wait until it has read its libraries; what was forked goes on."""
        if not self._ready:
            self.process.kill()
        with self.forking:  # a process that is being forked is known to who asked for it
            self._channel.close()
        self.process.wait()


@contextmanager
def _adopting() -> Iterator[None]:
    """Let what the server forks, and does not wait for, become a child of this process."""
    control = ctypes.CDLL(None).prctl
    control(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        control(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def serve(channel: socket.socket, run: Run) -> NoReturn:
    """Fork a process at each message, until the other end is closed; then end.

    Parameters
    ----------
    channel : socket
        As `ForkServer` made it.
    run : callable
        Called with the message in the forked process, whose standard streams are in place.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the asker decides
    gc.collect()
    gc.freeze()  # what is forked shares what lies in memory by now
    channel.send(_READY)
    while True:
        message, streams, _, _ = socket.recv_fds(channel, _MOST_BYTES, 3)
        if not message:
            os._exit(0)
        reader, writer = os.pipe()
        between = os.fork()
        if between == 0:
            child = os.fork()
            if child:
                os.write(writer, child.to_bytes(_PID_BYTES, "little"))
                os._exit(0)  # so that its child becomes the asking process'
            for descriptor in (channel.fileno(), reader, writer):
                os.close(descriptor)
            for target, stream in enumerate(streams):
                os.dup2(stream, target)
                os.close(stream)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            run(message)
        os.waitpid(between, 0)
        channel.send(os.read(reader, _PID_BYTES))
        for descriptor in (reader, writer, *streams):
            os.close(descriptor)
