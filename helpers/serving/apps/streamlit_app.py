"""Starting the Streamlit app: a child process on this machine alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from helpers.core import APPS, ConfigError

HOST = "127.0.0.1"
PORT = 8501
MODEL_VARIABLE = "DERMBOOK_APP_MODEL"
"""Environment variable that tells the app which model to open; the one in the box without it."""

SCRIPT = APPS / "streamlit" / "app.py"
START_SECONDS = 120.0


def check_port(port: int) -> None:
    """Refuse a port that something else listens at.

    Raises
    ------
    ConfigError
        If the port is taken, or this user may not open it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                f"port {port}: expected one that is free but got {error.strerror!r}; choose "
                "another with --port, or end what uses it"
            ) from error


def app_command(port: int, script: Path = SCRIPT) -> list[str]:
    """The command that serves the app.

    What protects visitors is said here too, not in ``config.toml`` alone, which a user's own
    settings could outvote.
    """
    options = {
        "server.address": HOST,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.maxUploadSize": "25",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": HOST,
        "client.showErrorDetails": "none",
        "client.toolbarMode": "viewer",
        "logger.hideWelcomeMessage": "true",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    for name, value in options.items():
        command += [f"--{name}", value]
    return command


def app_environment(model: str | None) -> dict[str, str]:
    """The child's environment: the model's name, and the repository to import from."""
    environment = dict(os.environ)
    environment.pop(MODEL_VARIABLE, None)
    if model is not None:
        # The child's working folder is this process's, so that a relative folder means the same.
        environment[MODEL_VARIABLE] = model
    paths = [str(APPS.parent), *environment.get("PYTHONPATH", "").split(os.pathsep)]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    environment.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    return environment


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def serve_app(
    model: str | None = None,
    port: int = PORT,
    *,
    say: Callable[[str], None] = print,
    started: Callable[[str], None] | None = None,
) -> int:
    """Run the app until it is interrupted.

    Parameters
    ----------
    model : str, optional
        A folder of a served model, or key or name of a trial; the model in the box by default.
    port : int
        On 127.0.0.1, so that no other machine can reach the app.
    say : callable
        Told the address when the app answers.
    started : callable, optional
        Called with the address then, too.

    Returns
    -------
    int
        Exit status of the child.

    Raises
    ------
    ConfigError
        If the port is taken, Streamlit is not installed, or the child ends before it answers.
    """
    import importlib.util

    if importlib.util.find_spec("streamlit") is None:
        raise ConfigError("app: expected the package streamlit but it is missing; run 'make setup'")
    check_port(port)
    address = f"http://{HOST}:{port}"
    child = subprocess.Popen(app_command(port), env=app_environment(model))
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers(address):
            if (status := child.poll()) is not None:
                raise ConfigError(
                    f"app: expected it to start but it ended with status {status}; see above"
                )
            if time.monotonic() > until:
                raise ConfigError(
                    f"app: expected an answer at {address} within {START_SECONDS:.0f} s; look at "
                    "the machine's load and start it again"
                )
            time.sleep(0.2)
        say(f"DermBook is at {address} (Ctrl-C ends it)")
        if started is not None:
            started(address)
        return child.wait()
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
