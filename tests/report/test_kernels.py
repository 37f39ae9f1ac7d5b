"""Kernels forked from one process: fresh ones to a chapter, and none is left behind."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from rich.console import Console
from support.light_server import LIGHT, running
from support.small_chapters import PARAMETERS, write_chapter

from helpers.core import ROOT
from helpers.core.fork_server import FORK
from helpers.notebook.chapters import find_chapters
from helpers.report import kernels
from helpers.report.progress import Progress
from helpers.report.runner import LEAST_CHAPTERS, notebook_path, run_chapters

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked under Linux")

TELL = """import json, os, sys
import numpy as np
imported = "tensorflow" in sys.modules
kept = sorted(name for name in globals() if name == "left")
left = "behind"
print(json.dumps({
    "imported": imported, "kept": kept,
    "parent": os.getppid(), "leads": os.getsid(0) == os.getpid(),
    "random": float(np.random.random()), "chapter": os.environ["DERMBOOK_CHAPTER"],
    "name": open("/proc/self/cmdline").read().split("\\0")[0],
    "folder": os.getcwd(), "first": sys.path[0], "argument": sys.argv[1],
}))"""


def told(folder: Path, n_chapters: int) -> list[dict[str, Any]]:
    """What the kernels of so many chapters, started two at a time, say of themselves."""
    for number in range(n_chapters):
        write_chapter(folder / "chapters", f"0{number + 1}_small", [TELL])
    chapters = find_chapters(folder / "chapters")
    digests = {chapter.name: "0" for chapter in chapters}
    with Progress(Console(file=io.StringIO()), n_chapters) as progress:
        results = run_chapters(chapters, PARAMETERS, folder / "run", digests, progress, at_once=2)
    assert [result.status for result in results] == ["done"] * n_chapters
    texts = []
    for chapter in chapters:
        notebook = nbformat.read(notebook_path(folder / "run", chapter.name), as_version=4)
        texts.append(notebook.cells[-1].outputs[0]["text"])
    return [json.loads(text) for text in texts]


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Of as many chapters as are forked."""
    return told(tmp_path_factory.mktemp("forked"), LEAST_CHAPTERS)


def test_each_kernel_is_a_fresh_child_of_this_process(forked: list[dict[str, Any]]) -> None:
    """With the framework imported, a session, variables and random numbers of its own."""
    assert all(kernel["imported"] and kernel["leads"] for kernel in forked)
    assert {kernel["name"] for kernel in forked} == {"ipykernel_launcher"}
    assert {kernel["parent"] for kernel in forked} == {os.getpid()}
    assert [kernel["chapter"] for kernel in forked] == ["01_small", "02_small", "03_small"]
    assert all(kernel["kept"] == [] for kernel in forked)
    assert len({kernel["random"] for kernel in forked}) == len(forked)


def test_no_server_is_left(forked: list[dict[str, Any]]) -> None:
    """Neither that of the kernels nor a kernel or a template of trainings."""
    assert kernels._server is None
    names = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert not [name for name in names if "helpers.report.kernels" in name or "ipykernel" in name]


def test_jupyter_starts_the_kernels_where_forking_is_off(
    forked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They find the same places, and have imported nothing."""
    monkeypatch.setenv(FORK, "0")
    kernel = told(tmp_path, LEAST_CHAPTERS)[0]
    assert not kernel["imported"]
    for name in ("folder", "first", "argument", "parent", "leads"):
        assert kernel[name] == forked[0][name], name


def test_few_chapters_do_not_wait_for_all_libraries(tmp_path: Path) -> None:
    """One chapter has a kernel as Jupyter starts it."""
    assert not told(tmp_path, 1)[0]["imported"]


PATIENCE = 600.0
"""Seconds: other work on a machine may make each process many times as slow."""

RUN = """
import sys
from pathlib import Path
from rich.console import Console
from helpers.notebook.chapters import find_chapters
from helpers.report.progress import Progress
from helpers.report.runner import run_chapters

folder = Path(sys.argv[1])
chapters = find_chapters(folder)
parameters = dict(profile="smoke", source=None, max_images=None, seed=None, split_file=None,
                  run_folder=None)
with Progress(Console(), len(chapters)) as progress:
    run_chapters(chapters, parameters, folder / "run", {c.name: "0" for c in chapters}, progress)
"""


@pytest.mark.parametrize("fork", ["1", "0"])
def test_a_kernel_ends_with_its_report(tmp_path: Path, fork: str) -> None:
    """Also where the report is killed and can tell nobody; what the kernel forked ends too."""
    told_by = tmp_path / "pid"
    endless = (
        "import os, time\n"
        f"with open({str(told_by) + '.part'!r}, 'w') as file:\n"
        "    file.write(str(os.getpid()))\n"
        f"os.rename({str(told_by) + '.part'!r}, {str(told_by)!r})\n"
        "time.sleep(600)"
    )
    for number in range(LEAST_CHAPTERS):
        write_chapter(tmp_path, f"0{number + 1}_endless", [endless])
    environment = dict(os.environ, PYTHONPATH=str(ROOT), DERMBOOK_FORK=fork)
    environment = running(LIGHT, tmp_path / "modules", environment)
    report = subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path)], env=environment)
    _wait_until(told_by.exists, PATIENCE)
    children = psutil.Process(report.pid).children(recursive=True)
    assert int(told_by.read_text()) in {child.pid for child in children}
    report.kill()
    report.wait()
    _wait_until(lambda: not any(child.is_running() for child in children), PATIENCE)


def _wait_until(true: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
