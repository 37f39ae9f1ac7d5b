"""The template of children: forked ones are children like any other, and nothing depends on it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from helpers.core.fork_server import FORK, can_fork
from helpers.training.children import worker_environment
from helpers.training.template import ForkedChild, Template, template_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked under Linux")


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """A template of the environment of these tests."""
    made = Template(worker_environment(1))
    yield made
    made.server.close()


def fork(template: Template, log: Path) -> ForkedChild:
    """A child that waits for a request."""
    with open(log, "ab") as file:
        child = template.fork(file, worker_environment(1))
    assert child is not None
    return child


def test_a_forked_child_is_a_child_of_this_process(template: Template, tmp_path: Path) -> None:
    """By its parent and its name; it ends when its standard input does, and tells its status."""
    child = fork(template, tmp_path / "log")
    process = psutil.Process(child.pid)
    assert process.ppid() == os.getpid()
    deadline = time.monotonic() + 10
    while process.cmdline()[0] != "helpers.training":  # it names itself
        assert time.monotonic() < deadline, process.cmdline()
        time.sleep(0.01)
    child.stdin.close()
    assert child.wait() == 3
    assert not psutil.pid_exists(child.pid)


def test_a_killed_child_tells_its_signal(template: Template, tmp_path: Path) -> None:
    """As `subprocess.Popen` does, and killing it once more does nothing."""
    child = fork(template, tmp_path / "log")
    child.kill()
    assert child.wait() == -signal.SIGKILL == child.wait()
    child.kill()


def test_children_have_imported_the_framework_and_not_begun_to_use_it(
    template: Template, tmp_path: Path
) -> None:
    """TensorFlow's library is mapped, and there is but one thread that computes."""
    child = fork(template, tmp_path / "log")
    maps = Path(f"/proc/{child.pid}/maps").read_text(encoding="utf-8")
    assert "libtensorflow" in maps
    [parent] = [p for p in psutil.Process().children() if p.pid == template.server.process.pid]
    names = {
        Path(f"/proc/{parent.pid}/task/{thread.id}/comm").read_text(encoding="utf-8").strip()
        for thread in parent.threads()
    }
    assert not [name for name in names if name.startswith("tf_")]
    child.kill()
    child.wait()


def test_a_template_that_cannot_start_is_none(tmp_path: Path) -> None:
    """It gives no child and leaves no process behind; whoever asks again gets a new one."""
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text("raise ImportError('none here')")
    environment = worker_environment(1)
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    broken = template_of(environment)
    with open(tmp_path / "log", "ab") as log:
        assert broken.fork(log, environment) is None
    assert broken.server.closed and not psutil.pid_exists(broken.server.process.pid)
    assert template_of(environment) is not broken
    template_of(environment).server.close()


def test_a_child_has_the_environment_that_it_is_given(template: Template, tmp_path: Path) -> None:
    """Its threads and all that is read late; for what is read early another template is needed."""
    environment = worker_environment(1) | {"TF_NUM_INTRAOP_THREADS": "7", "DERMBOOK_NOTE": "x"}
    assert template.fits(environment)
    with open(tmp_path / "log", "ab") as log:
        child = template.fork(log, environment)
    assert child is not None
    child.kill()
    child.wait()
    assert not template.fits(environment | {"PYTHONPATH": str(tmp_path)})
    assert not template.fits(environment | {"TF_ENABLE_ONEDNN_OPTS": "0"})


def test_a_variable_has_each_child_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """``DERMBOOK_FORK=0``, where forking is suspected of something."""
    assert can_fork()
    monkeypatch.setenv(FORK, "0")
    assert not can_fork()
