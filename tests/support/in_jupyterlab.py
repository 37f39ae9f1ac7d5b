"""A JupyterLab on this machine, as a student starts it, and a Chromium that opens it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from helpers.core import ROOT
from support.loopback import free_port


def skip_without_jupyterlab() -> None:
    """Skip the test where JupyterLab or its widgets are missing."""
    for module in ("jupyterlab", "ipywidgets"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed: run 'make setup WITH=lab'")


@contextmanager
def jupyterlab(folder: Path, place: Path) -> Iterator[str]:
    """Serve a folder by JupyterLab, with settings of its own.

    Parameters
    ----------
    folder : Path
        With notebooks.
    place : Path
        An empty folder for all that JupyterLab writes.

    Yields
    ------
    str
        Address of the folder's page, to which a notebook's name and ``?token=`` are added.
    """
    port, token = free_port(), secrets.token_hex(16)
    environment = {
        **os.environ,
        "HOME": str(place),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        "JUPYTER_CONFIG_DIR": str(place / "config"),
        "JUPYTER_DATA_DIR": str(place / "data"),
        "JUPYTER_RUNTIME_DIR": str(place / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(place / "workspaces"),
        "IPYTHONDIR": str(place / "ipython"),
    }
    environment.pop("DERMBOOK_CHAPTER", None)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}",
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    log = place / "log"
    with log.open("w") as file:
        child = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5).close()
                break
            except OSError:
                assert child.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.2)
        yield f"{address}/lab/tree/{{}}?token={token}"
    finally:
        child.terminate()  # it ends its kernels
        with suppress(subprocess.TimeoutExpired):
            child.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(20)
