"""Starting the app."""

from __future__ import annotations

import os
import socket
import sys
import threading
import tomllib
from pathlib import Path

import pytest
from support.loopback import free_port
from typer.testing import CliRunner

from helpers.cli.main import app as command_line
from helpers.core.errors import ConfigError
from helpers.serving.apps import streamlit_app as app
from helpers.serving.uploads.in_memory import UPLOAD_MB

CONFIG = app.SCRIPT.parent / ".streamlit" / "config.toml"


def options() -> dict[str, str]:
    """What the command line says to Streamlit."""
    command = app.app_command(1234)
    flags = command[command.index(str(app.SCRIPT)) + 1 :]
    return {name.removeprefix("--"): value for name, value in zip(flags[::2], flags[1::2])}  # noqa: B905


def test_only_this_machine_is_served_and_nothing_told() -> None:
    """The address is this machine's, and statistics are off, on the command line and in config."""
    assert app.SCRIPT.is_file()
    said = options()
    assert said["server.address"] == "127.0.0.1"
    assert said["server.port"] == "1234"
    assert said["browser.gatherUsageStats"] == "false"
    config = tomllib.loads(CONFIG.read_text())
    assert config["server"]["address"] == "127.0.0.1"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["server"]["maxUploadSize"] == UPLOAD_MB == int(said["server.maxUploadSize"])


def test_options_are_streamlits_own() -> None:
    """No option is misspelt or gone from this version."""
    from streamlit import config

    known = set(config.get_config_options())
    assert set(options()) <= known
    file = tomllib.loads(CONFIG.read_text())
    for section, values in file.items():
        for name, value in values.items():
            if isinstance(value, dict):
                assert {f"{section}.{name}.{key}" for key in value} <= known
            else:
                assert f"{section}.{name}" in known


def test_the_model_goes_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child is told the model, and imports this repository first."""
    monkeypatch.setenv(app.MODEL_VARIABLE, "left over")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert app.MODEL_VARIABLE not in app.app_environment(None)
    told = app.app_environment("efficientnet-1")
    assert told[app.MODEL_VARIABLE] == "efficientnet-1"
    assert told["PYTHONPATH"].split(os.pathsep) == [str(app.APPS.parent), "/elsewhere"]


def test_a_taken_port_is_named() -> None:
    """A port that something listens at is an error before anything starts."""
    with socket.socket() as taken:
        taken.bind((app.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}: expected one that is free"):
            app.serve_app(None, port)
    app.check_port(free_port())


def test_a_child_that_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Streamlit ends before it answers, its status is said."""
    monkeypatch.setattr(
        app, "app_command", lambda port: [sys.executable, "-c", "raise SystemExit(3)"]
    )
    with pytest.raises(ConfigError, match="ended with status 3"):
        app.serve_app(None, free_port())


def test_serves_until_the_child_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The address is told when it answers, and the child's status is returned."""
    stand_in = tmp_path / "server.py"
    stand_in.write_text(
        "import http.server, sys\n"
        "class Page(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        "    def log_message(self, *_): pass\n"
        "server = http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Page)\n"
        "server.handle_request(); raise SystemExit(7)\n"
    )
    monkeypatch.setattr(app, "app_command", lambda port: [sys.executable, str(stand_in), str(port)])
    said: list[str] = []
    told = threading.Event()
    port = free_port()
    status = app.serve_app(None, port, say=said.append, started=lambda _: told.set())
    assert status == 7
    assert told.is_set()
    assert f"http://127.0.0.1:{port}" in said[0]


def test_an_interrupt_ends_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left running."""
    children: list[app.subprocess.Popen] = []
    start = app.subprocess.Popen

    def remember(*args, **kwargs):  # type: ignore[no-untyped-def]
        children.append(start(*args, **kwargs))
        return children[-1]

    def interrupt(_: str) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(app.subprocess, "Popen", remember)
    monkeypatch.setattr(app, "_answers", interrupt)
    monkeypatch.setattr(
        app, "app_command", lambda port: [sys.executable, "-c", "import time; time.sleep(60)"]
    )
    with pytest.raises(KeyboardInterrupt):
        app.serve_app(None, free_port())
    assert children[0].poll() is not None


def test_the_command_is_there() -> None:
    """``dermbook app --help`` tells model and port."""
    shown = CliRunner().invoke(command_line, ["app", "--help"])
    assert shown.exit_code == 0
    assert "--port" in shown.stdout
