"""A process that has imported the framework, from which children are forked in no time.

Importing TensorFlow takes seconds, for every child anew. ``python -m helpers.training.template``
imports it once and computes nothing with it: a process in which its runtime has not started, and
which has no threads of its own, can be forked safely. What is forked becomes a child of the
process that asked for it, which can wait for it and end it as for one that it started itself.
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
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from setproctitle import setproctitle

from helpers.models import choose_backend, import_keras

FORK = "DERMBOOK_FORK"
"""0 has every child import the framework by itself."""

_SET_CHILD_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux' prctl.h
_PID_BYTES = 8


def can_fork() -> bool:
    """Whether children can be forked here: under Linux, unless `FORK` says otherwise."""
    return sys.platform == "linux" and os.environ.get(FORK) != "0"


class ForkedChild:
    """A forked child, with what the executor uses of `subprocess.Popen`.

    Parameters
    ----------
    pid : int
        Of a child of this process.
    stdin, stdout : file
        The other ends of its standard streams, as texts.
    """

    def __init__(self, pid: int, stdin: IO[str], stdout: IO[str]) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self._status: int | None = None
        self._lock = threading.Lock()

    def wait(self) -> int:
        """Wait for its end; its exit status, negative for a signal."""
        with self._lock:
            if self._status is None:
                _, status = os.waitpid(self.pid, 0)
                self._status = os.waitstatus_to_exitcode(status)
            return self._status

    def kill(self) -> None:
        """End it at once, if it has not been waited for."""
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)


class Template:
    """The template of this process' children.

    Parameters
    ----------
    environment : dict of str to str
        Its own, and so that of its children.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel = ours
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # where it fails, a child by itself tells why
                env=environment,
            )

    def fork(self, log: IO[bytes]) -> ForkedChild | None:
        """A new child, whose errors go to a file; None where the template has ended."""
        stdin, our_stdin = os.pipe()
        our_stdout, stdout = os.pipe()
        try:
            with self._lock, _adopting():
                socket.send_fds(self._channel, [b"fork"], [stdin, stdout, log.fileno()])
                answer = self._channel.recv(_PID_BYTES)
        except OSError:
            answer = b""
        finally:
            os.close(stdin)
            os.close(stdout)
        files = os.fdopen(our_stdin, "w"), os.fdopen(our_stdout)
        if not answer:
            for file in files:
                file.close()
            self.close()
            return None
        return ForkedChild(int.from_bytes(answer, "little"), *files)

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End it; its children go on."""
        self._channel.close()
        self._process.wait()


@contextmanager
def _adopting() -> Iterator[None]:
    """Let what the template forks, and does not wait for, become a child of this process."""
    control = ctypes.CDLL(None).prctl
    control(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        control(_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


_template: Template | None = None
_template_lock = threading.Lock()


def template_of(environment: dict[str, str]) -> Template:
    """The template of an environment; that of another is ended."""
    global _template
    with _template_lock:
        if _template is None or _template.closed or _template.environment != environment:
            if _template is not None:
                _template.close()
            _template = Template(environment)
        return _template


def main(channel: socket.socket) -> int:
    """Fork a child at each message, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    # All that a training needs, so that no child reads it again.
    from helpers.training import trainer, worker  # noqa: F401

    choose_backend("tensorflow")
    import_keras()
    gc.collect()
    gc.freeze()  # the children share what lies in memory by now
    while True:
        message, streams, _, _ = socket.recv_fds(channel, 16, 3)
        if not message:
            return 0
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
            setproctitle("helpers.training")
            worker.run()
        os.waitpid(between, 0)
        channel.send(os.read(reader, _PID_BYTES))
        for descriptor in (reader, writer, *streams):
            os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(socket.socket(fileno=int(sys.argv[1]))))
