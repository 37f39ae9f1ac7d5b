"""The process that training children are forked from: it has imported the framework once.

``python -m helpers.training.template`` imports TensorFlow and computes nothing with it; see
`helpers.core.fork_server`.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import threading
from typing import IO, NoReturn

from setproctitle import setproctitle

from helpers.core import Forked, ForkServer, serve
from helpers.models import choose_backend, import_keras

EARLY = ("PYTHON", "LD_", "TF_", "KERAS_", "XLA_", "CUDA_", "MALLOC_")
"""How variables begin that are read when Python starts or the framework is imported, `LATE` ones
excepted: who wants other ones needs another template."""

LATE = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""Read when the framework begins to compute, which is after the fork."""


FIRST_USED = ("pyarrow.dataset", "pyarrow.parquet", "tensorboard.summary")
"""What pandas and TensorFlow import when a training first reads its table and writes its log."""


class ForkedChild(Forked):
    """A forked training child.

    Parameters
    ----------
    pid : int
        Of a child of this process.
    stdin, stdout : file
        The other ends of its standard streams, as texts.
    """

    stdin: IO[str]  # type: ignore[assignment]
    stdout: IO[str]  # type: ignore[assignment]

    def __init__(self, pid: int, stdin: IO[str], stdout: IO[str]) -> None:
        super().__init__(pid)
        self.stdin, self.stdout = stdin, stdout


class Template:
    """The template of this process' children.

    Parameters
    ----------
    environment : dict of str to str
        Its own.
    server : ForkServer, optional
        One that is there; it is started where None.
    """

    def __init__(self, environment: dict[str, str], server: ForkServer | None = None) -> None:
        self.environment = _early(environment)
        self.server = server or ForkServer.start(__name__, environment)

    def fork(self, log: IO[bytes], environment: dict[str, str]) -> ForkedChild | None:
        """A new child, whose errors go to a file; None where the template has ended."""
        stdin, our_stdin = os.pipe()
        our_stdout, stdout = os.pipe()
        pid = self.server.fork(json.dumps(environment).encode(), (stdin, stdout, log.fileno()))
        os.close(stdin)
        os.close(stdout)
        files = os.fdopen(our_stdin, "w"), os.fdopen(our_stdout)
        if pid is None:
            for file in files:
                file.close()
            return None
        return ForkedChild(pid, *files)

    def fits(self, environment: dict[str, str]) -> bool:
        """Whether children of this environment can be forked from it."""
        return not self.server.closed and self.environment == _early(environment)


def _early(environment: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(EARLY) and name not in LATE
    }


_template: Template | None = None
_template_lock = threading.Lock()


def template_of(environment: dict[str, str]) -> Template:
    """The template for an environment; one for another is ended."""
    global _template
    with _template_lock:
        if _template is None or not _template.fits(environment):
            if _template is not None and not _template.server.closed:
                _template.server.close()
            _template = Template(environment)
        return _template


def adopt_template(environment: dict[str, str]) -> None:
    """Fork the template from this process, which has imported the framework and has no threads."""
    global _template
    _template = Template(environment, ForkServer.of_this_process(run_child))


def import_framework() -> None:
    """Import what trainings need, so that no child reads it again."""
    from helpers.training import trainer, worker  # noqa: F401

    choose_backend("tensorflow")
    import_keras()
    for name in FIRST_USED:
        importlib.import_module(name)


def run_child(message: bytes) -> NoReturn:
    """Train what standard input asks for; in a process that was just forked."""
    from helpers.training import worker

    setproctitle("helpers.training")
    os.environ.clear()
    os.environ.update(json.loads(message))
    worker.run()


if __name__ == "__main__":
    import_framework()
    serve(socket.socket(fileno=int(sys.argv[1])), run_child)
