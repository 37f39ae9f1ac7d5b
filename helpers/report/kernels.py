"""Kernels of chapters, forked from a process that has imported what they all import.

A dozen chapters in a dozen fresh kernels would each read the same libraries, and the template of
their trainings (`helpers.training.template`) read the framework once more. Here one process reads
all of it, and each kernel, and the template beside it, is forked from that. Jupyter starts
kernels through a *provisioner*; this one hands the command's arguments to the server.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from contextlib import nullcontext
from importlib.metadata import EntryPoint
from typing import Any, NoReturn

import numpy as np
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from setproctitle import setproctitle

from helpers.core import Forked, ForkServer, can_fork, serve
from helpers.models import backend_name
from helpers.training import adopt_template, has_gpu, import_framework, worker_environment

PROVISIONER = "dermbook-forked"

ROOMS = ("dataset", "evaluation", "explanation", "lessons", "notebook", "plots", "reproduction")
"""Rooms that chapters import, and with them all that those stand on."""

_server: ForkServer | None = None


def can_serve() -> bool:
    """Whether kernels can be forked here: where trainings compute with TensorFlow on the CPU."""
    return can_fork() and backend_name() == "tensorflow" and not has_gpu()


def start_server(environment: dict[str, str]) -> None:
    """Let the libraries be read while other things are done; the first kernel waits for it."""
    global _server
    value = f"{__name__}:{ForkedKernel.__name__}"
    point = EntryPoint(PROVISIONER, value, KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners[PROVISIONER] = point
    stop_server()
    _server = ForkServer.start(__name__, environment)


def stop_server() -> None:
    """End the server, if there is one; kernels go on."""
    global _server
    if _server is not None and not _server.closed:
        _server.close()
    _server = None


class ForkedKernel(LocalProvisioner):  # type: ignore[misc]
    """Starts a kernel by forking it, or as Jupyter does where the server has died."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel of a command ``python -m ipykernel_launcher ...``."""
        server = _server
        pid = _fork(server, cmd[3:], **kwargs) if server is not None else None
        if pid is None:
            if server is None or server is not _server:
                raise RuntimeError("the report ends, and starts no more kernels")
            return await super().launch_kernel(cmd, **kwargs)
        self.process = Forked(pid)  # type: ignore[assignment]
        self.pid = pid
        self.pgid = pid  # it leads a session of its own
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """End the kernel; the template that it leaves behind is nobody's child here."""
        with _server.forking if _server is not None else nullcontext():
            await super().kill(restart)
            if self.process is not None:
                self.process.wait()


def _fork(
    server: ForkServer,
    arguments: list[str],
    env: dict[str, str],
    cwd: str,
    stdout: Any,
    stderr: Any,
    **_: Any,
) -> int | None:
    # What tells a kernel its parent, with whom it ends, is read when its library is imported.
    arguments = [*arguments, f"--IPKernelApp.parent_handle={os.getpid()}"]
    facts = {"arguments": arguments, "environment": env, "cwd": str(cwd)}
    with open(os.devnull, "rb") as nothing:
        streams = (nothing.fileno(), stdout.fileno(), stderr.fileno())
        return server.fork(json.dumps(facts).encode(), streams)


def run_kernel(message: bytes) -> NoReturn:
    """Be the kernel, with a template of its own; in a process that was just forked."""
    from ipykernel import kernelapp

    facts = json.loads(message)
    setproctitle("dermbook-template")  # before its memory, the environment, is given up
    os.setsid()
    os.chdir(facts["cwd"])
    os.environ.clear()
    os.environ.update(facts["environment"])
    np.random.seed()  # as a fresh interpreter has it, and not as the next kernel
    adopt_template(worker_environment(1))
    setproctitle("ipykernel_launcher")
    sys.argv = ["ipykernel_launcher", *facts["arguments"]]
    kernelapp.launch_new_instance()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def import_all() -> None:
    """Import what kernels and trainings need."""
    # As a kernel has it, and read when matplotlib is imported.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    for name in ("ipykernel.kernelapp", "ipykernel.ipkernel", "matplotlib_inline.backend_inline"):
        importlib.import_module(name)
    for name in ROOMS:
        room = importlib.import_module(f"helpers.{name}")
        for handed_on in room.__all__:
            getattr(room, handed_on)
    importlib.import_module("sklearn.metrics")  # what draws a curve asks for it
    import_framework()


if __name__ == "__main__":
    import_all()
    serve(socket.socket(fileno=int(sys.argv[1])), run_kernel)
