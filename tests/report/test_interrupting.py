"""SIGINT and SIGTERM end the kernels of a report and keep what is finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.light_server import LIGHT, running
from support.small_chapters import PATIENCE, write_chapter

from helpers.core import ROOT
from helpers.report.runner import LEAST_CHAPTERS, notebook_path

INTERRUPTED = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell ignores it
import sys
from pathlib import Path
from rich.console import Console
from helpers.cli.main import interrupt_on_sigterm
from helpers.notebook.chapters import find_chapters
from helpers.report.progress import Progress
from helpers.report.runner import run_chapters
interrupt_on_sigterm()
folder = Path(sys.argv[1])
chapters = find_chapters(folder)
parameters = dict(profile="smoke", source=None, max_images=None, seed=None, split_file=None,
                  run_folder=None)
digests = {chapter.name: "0" for chapter in chapters}
with Progress(Console(), 2) as progress:
    run_chapters(
        chapters, parameters, folder / "run", digests, progress, at_once=int(sys.argv[2])
    )
"""

SLOW_SERVER = """
import json, os, sys, time
if "helpers.report.kernels" in sys.orig_argv:
    with open({told!r} + ".tmp", "w") as file:
        json.dump([os.getpid()], file)
    os.rename({told!r} + ".tmp", {told!r})
    time.sleep(900)
"""
"""The server of kernels reads its libraries for a quarter of an hour."""


def _endless(pids: Path) -> str:
    """A cell that starts a process, tells both numbers, and does not end."""
    return (
        "import json, os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900)'])\n"
        f"with open({str(pids) + '.tmp'!r}, 'w') as file:\n"
        "    json.dump([os.getpid(), child.pid], file)\n"
        f"os.rename({str(pids) + '.tmp'!r}, {str(pids)!r})\n"
        "time.sleep(900)"
    )


def _interrupted(
    folder: Path, at_once: int, told: list[Path], sent: int, fork: str, *, server: str = LIGHT
) -> None:
    """Run chapters, and send a signal when all have told that they run."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), DERMBOOK_FORK=fork)
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(folder), str(at_once)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=running(server, folder / "modules", environment),
    )
    end = time.monotonic() + PATIENCE
    while not all(path.exists() for path in told):
        if process.poll() is not None or time.monotonic() > end:
            break
        time.sleep(0.1)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=PATIENCE)
    assert b"KeyboardInterrupt" in errors
    for pid in [pid for path in told for pid in json.loads(path.read_text())]:
        status = Path(f"/proc/{pid}/status")
        assert not status.exists() or "zombie" in status.read_text()


@pytest.mark.parametrize(("sent", "fork"), [(signal.SIGINT, "1"), (signal.SIGTERM, "0")])
def test_ctrl_c_ends_the_kernel_and_keeps_finished_chapters(tmp_path, sent, fork):
    """After SIGINT or SIGTERM no process of the kernel lives on, and the finished chapter stays."""
    write_chapter(tmp_path, "01_first", ["print(1)"])
    pids = tmp_path / "pids.json"
    write_chapter(tmp_path, "02_endless", [_endless(pids)])
    write_chapter(tmp_path, "03_never", ["print(3)"])
    _interrupted(tmp_path, 1, [pids], sent, fork)
    run = tmp_path / "run"
    assert notebook_path(run, "01_first").exists()
    assert not notebook_path(run, "02_endless").exists()
    assert not list((run / "notebooks").glob(".*"))


@pytest.mark.parametrize("fork", ["1", "0"])
def test_ctrl_c_ends_all_kernels_that_run(tmp_path, fork):
    """Two kernels and a process of each, and neither copy is kept."""
    told = [tmp_path / "one.json", tmp_path / "two.json"]
    write_chapter(tmp_path, "01_one", [_endless(told[0])])
    write_chapter(tmp_path, "02_two", [_endless(told[1])])
    write_chapter(tmp_path, "03_never", ["print(3)"])
    _interrupted(tmp_path, 2, told, signal.SIGINT, fork)
    assert list((tmp_path / "run" / "notebooks").iterdir()) == []


def test_ctrl_c_waits_for_no_libraries(tmp_path):
    """A report whose kernels wait for their server ends all the same, and starts none."""
    for number in range(LEAST_CHAPTERS):
        write_chapter(tmp_path, f"0{number}_never", [f"open({str(tmp_path / 'ran')!r}, 'w')"])
    told = tmp_path / "pids.json"
    slow = SLOW_SERVER.format(told=str(told))
    _interrupted(tmp_path, 2, [told], signal.SIGTERM, "1", server=slow)
    assert list((tmp_path / "run" / "notebooks").iterdir()) == []
    assert not (tmp_path / "ran").exists()
