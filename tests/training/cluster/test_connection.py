"""Options of the executor ``ray``: what they need, and what chapters are told."""

from __future__ import annotations

import os
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from helpers.cli import main as cli
from helpers.core.errors import ConfigError
from helpers.training.cluster import connection
from helpers.training.cluster.connection import (
    ADDRESS,
    PASSED_ON,
    executor_chosen,
    import_ray,
    passed_on,
)
from helpers.training.cluster.storage import STORAGE
from helpers.training.executors import EXECUTOR, LocalExecutor
from helpers.training.selection import find_executor


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A cluster that is there; what was ended."""
    context = SimpleNamespace(gcs_address="127.0.0.1:1234")
    ended: list[bool] = []
    stand_in = SimpleNamespace(
        get_runtime_context=lambda: context, shutdown=lambda: ended.append(True), ended=ended
    )
    monkeypatch.setattr(connection, "connect", lambda address: stand_in)
    return stand_in


def test_chapters_are_told(ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By variables, for as long as the command runs; an absolute storage, wherever they run."""
    monkeypatch.delenv(EXECUTOR, raising=False)
    with executor_chosen("ray", "head:1", "kept"):
        assert os.environ[EXECUTOR] == "ray" and os.environ[ADDRESS] == "127.0.0.1:1234"
        assert os.environ[STORAGE] == os.path.abspath("kept")
    assert not {EXECUTOR, ADDRESS, STORAGE} & set(os.environ)
    assert ray.ended == [True]
    with pytest.raises(KeyboardInterrupt), executor_chosen("ray"):
        raise KeyboardInterrupt
    assert ray.ended == [True, True] and EXECUTOR not in os.environ
    with executor_chosen("ray", "head:1", "s3://bucket/kept"):
        assert os.environ[STORAGE] == "s3://bucket/kept"


def test_options_that_do_not_fit(ray: Any) -> None:
    """Each is one message."""
    with (
        pytest.raises(ConfigError, match="expected --executor ray beside them"),
        executor_chosen("local", "head:1"),
    ):
        raise AssertionError
    with (
        pytest.raises(ConfigError, match="expected --storage beside it"),
        executor_chosen("ray", "head:1"),
    ):
        raise AssertionError


def test_the_command_line_passes_them_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a report and of a trial; without them nothing is asked."""
    seen: list[tuple[Any, ...]] = []

    def refuse(*options: Any) -> Any:
        seen.append(options)
        raise ConfigError("enough")

    monkeypatch.setattr("helpers.training.executor_chosen", refuse)
    for command in (["report", "smoke"], ["trial", "vgg16-tutorial"]):
        options = ["--executor", "ray", "--address", "head:1", "--storage", "s3://b"]
        done = CliRunner().invoke(cli.app, [*command, *options])
        assert done.exit_code == 1
    assert seen == [("ray", "head:1", "s3://b")] * 2
    assert CliRunner().invoke(cli.app, ["trial"]).exit_code == 0 and len(seen) == 2


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to get it, and how to do without."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"extra 'scale'.*--executor local"):
        import_ray()


def test_executors_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable counts where a call names none."""
    monkeypatch.delenv(EXECUTOR, raising=False)
    assert isinstance(find_executor(), LocalExecutor)
    monkeypatch.setenv(EXECUTOR, "nobody")
    assert isinstance(find_executor("local"), LocalExecutor)
    with pytest.raises(ConfigError, match="expected one of local, ray, got 'nobody'"):
        find_executor()


def test_addresses_that_lead_nowhere() -> None:
    """Told at once, and not after minutes."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    with pytest.raises(ConfigError, match=rf"{address}: .* cannot reach one .*ray start --head"):
        connection._reach(address)
    for address in ("ray://somewhere:10001", "somewhere", "somewhere:port"):
        with pytest.raises(ConfigError, match="expected host and port"):
            connection._reach(address)


def test_variables_that_trials_depend_on_go_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those that are set."""
    for name in PASSED_ON:
        monkeypatch.delenv(name, raising=False)
    assert passed_on() == {}
    monkeypatch.setenv("DERMBOOK_CLASSES", "bcc!,nv")
    assert passed_on() == {"DERMBOOK_CLASSES": "bcc!,nv"}
