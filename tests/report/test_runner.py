"""Chapters run in order, in fresh kernels, and fail without taking others down."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from rich.console import Console
from support.small_chapters import EVENT, PARAMETERS, write_chapter

from helpers.core import ROOT
from helpers.core.errors import ConfigError
from helpers.core.files import read_json
from helpers.report.chapters import Chapter, find_chapters
from helpers.report.execution import check_parameters
from helpers.report.progress import EventReader, Progress
from helpers.report.results import ChapterResult
from helpers.report.runner import failed_path, notebook_path, run_chapters


def _run(
    chapters: list[Chapter], folder: Path, digests: dict[str, str] | None = None
) -> tuple[dict[str, ChapterResult], str]:
    text = io.StringIO()
    console = Console(file=text, width=120)
    parameters = dict(PARAMETERS, run_folder=str(folder))
    digests = digests or {chapter.name: "0" for chapter in chapters}
    with Progress(console, len(chapters)) as progress:
        results = run_chapters(chapters, parameters, folder, digests, progress)
    return {result.chapter.name: result for result in results}, text.getvalue()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory):
    """A run with a good chapter, a failing one, its dependant, and a kernel that is killed."""
    folder = tmp_path_factory.mktemp("mixed")
    source = folder / "chapters"
    cells = ["print(profile, max_images, run_folder)", EVENT, "import sys; print(sys.executable)"]
    write_chapter(source, "01_good", cells)
    write_chapter(source, "02_bad", ["x = 1", "undefined_name", "print('not reached')"])
    write_chapter(source, "03_after", ["print(2)"], needs=["02_bad"])
    write_chapter(source, "04_killed", ["import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"])
    write_chapter(source, "05_last", ["x" if False else "y = 3"], needs=["01_good"])
    run = folder / "run"
    results, text = _run(find_chapters(source), run)
    return run, results, text, source


def test_a_good_chapter_gets_its_parameters_in_this_interpreter(mixed):
    """The executed copy shows the parameters given, and the interpreter that runs the tests."""
    run, results, _, _ = mixed
    assert results["01_good"].status == "done"
    notebook = nbformat.read(notebook_path(run, "01_good"), as_version=4)
    printed = "".join(
        output["text"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    )
    assert f"smoke None {run}" in printed
    assert sys.executable in printed


def test_a_failing_chapter_names_its_cell_and_keeps_its_copy(mixed):
    """The cell is counted as in the chapter's file; the partial copy never has the final name."""
    run, results, _, source = mixed
    result = results["02_bad"]
    assert result.status == "failed"
    cells = nbformat.read(source / "02_bad.ipynb", as_version=4).cells
    number = next(i for i, cell in enumerate(cells) if cell.source == "undefined_name")
    assert result.reason == f"Cell {number}: NameError: name 'undefined_name' is not defined"
    assert failed_path(run, "02_bad").exists()
    assert not notebook_path(run, "02_bad").exists()
    assert not (run / "state" / "02_bad.json").exists()
    assert not list((run / "notebooks").glob(".*"))


def test_only_dependants_of_a_failure_are_skipped(mixed):
    """The dependant is skipped by name; what does not need the failed chapter goes on."""
    _, results, _, _ = mixed
    assert (results["03_after"].status, results["03_after"].reason) == ("skipped", "needs 02_bad")
    assert results["05_last"].status == "done"


def test_a_killed_kernel_is_told_plainly(mixed):
    """The reason says that the kernel was killed and what to do, not a library's error."""
    run, results, _, _ = mixed
    assert results["04_killed"].status == "failed"
    assert "the kernel was killed" in results["04_killed"].reason
    assert "memory" in results["04_killed"].reason
    assert failed_path(run, "04_killed").exists()


def test_plain_output_is_a_line_for_each_start_end_and_trial(mixed):
    """Without a terminal: no control characters, no fleeting events, no flood."""
    _, _, text, _ = mixed
    lines = text.splitlines()
    assert "\x1b" not in text
    assert sum("resnet50: balanced accuracy 0.71" in line for line in lines) == 1
    assert "epoch 1" not in text
    assert len(lines) == 4 + 5 + 1  # four begin, five end, one trial


def test_unchanged_chapters_are_not_executed_again(mixed):
    """A second run repeats the failures only; a changed digest runs its chapter again."""
    run, _, _, source = mixed
    good = [c for c in find_chapters(source) if c.name in ("01_good", "05_last")]
    before = notebook_path(run, "01_good").stat().st_mtime_ns
    results, _ = _run(good, run)
    assert [result.status for result in results.values()] == ["cached", "cached"]
    assert results["01_good"].seconds > 0
    assert notebook_path(run, "01_good").stat().st_mtime_ns == before
    results, _ = _run(good, run, {"01_good": "1", "05_last": "0"})
    assert [result.status for result in results.values()] == ["done", "cached"]
    assert read_json(run / "state" / "01_good.json")["digest"] == "1"


def test_a_copy_without_its_state_is_not_trusted(mixed):
    """A broken state file means that the chapter is run again."""
    run, _, _, source = mixed
    chapter = next(c for c in find_chapters(source) if c.name == "05_last")
    (run / "state" / "05_last.json").write_text("{")
    results, _ = _run([chapter], run)
    assert results["05_last"].status == "done"


def test_unknown_parameters_are_refused_before_anything_runs(tmp_path):
    """The error names the chapter, the parameter, and the valid names."""
    write_chapter(tmp_path, "01_small", ["print(1)"], parameters="profile = 'quick'\nseed = None")
    chapter = find_chapters(tmp_path)[0]
    check_parameters(chapter, {"profile": "smoke"})
    with pytest.raises(ConfigError, match=r"01_small: no parameters .*'source'.*profile, seed"):
        _run([chapter], tmp_path / "run")
    assert not (tmp_path / "run" / "notebooks").exists()


def test_events_are_read_line_by_line(tmp_path):
    """A half-written line waits for its end; a line that is no JSON is passed over."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"text": "old"}\n')
    reader = EventReader(path)
    with path.open("a") as file:
        file.write('{"text": "one"}\nnot json\n{"text": "tw')
        file.flush()
        assert [event["text"] for event in reader.read()] == ["one"]
        file.write('o"}\n')
    assert [event["text"] for event in reader.read()] == ["two"]


def test_a_terminal_shows_cell_and_note_and_keeps_finished_trials():
    """Live lines are replaced; chapter and trial lines stay."""
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True, color_system=None)
    chapter = Chapter("01_x", Path("01_x.ipynb"), "Title")
    with Progress(console, 1) as progress:
        progress.chapter_started(chapter)
        progress.cell(chapter, 3, 9)
        progress.event(chapter, {"kind": "trial", "text": "vgg16 epoch", "done": 2, "total": 5})
        progress.refresh()
        progress.live.refresh()
        progress.event(chapter, {"kind": "trial", "text": "vgg16: 0.5", "finished": True})
        progress.chapter_ended(ChapterResult(chapter, "done", 61))
    shown = text.getvalue()
    assert "cell 3/9" in shown and "vgg16 epoch (2/5)" in shown
    assert "01 Title: done in 1:01" in shown


INTERRUPTED = """
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell ignores it
import sys
from pathlib import Path
from rich.console import Console
from helpers.cli.main import interrupt_on_sigterm
from helpers.report.chapters import find_chapters
from helpers.report.progress import Progress
from helpers.report.runner import run_chapters
interrupt_on_sigterm()
folder = Path(sys.argv[1])
chapters = find_chapters(folder)
parameters = dict(profile="smoke", source=None, max_images=None, seed=None, run_folder=None)
with Progress(Console(), 2) as progress:
    run_chapters(chapters, parameters, folder / "run", {c.name: "0" for c in chapters}, progress)
"""


@pytest.mark.parametrize(("sent", "fork"), [(signal.SIGINT, "1"), (signal.SIGTERM, "0")])
def test_ctrl_c_ends_the_kernel_and_keeps_finished_chapters(tmp_path, sent, fork):
    """After SIGINT or SIGTERM no process of the kernel lives on, and the finished chapter stays."""
    write_chapter(tmp_path, "01_first", ["print(1)"])
    pids = tmp_path / "pids.json"
    endless = (
        "import json, os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"with open({str(pids) + '.tmp'!r}, 'w') as file:\n"
        "    json.dump([os.getpid(), child.pid], file)\n"
        f"os.rename({str(pids) + '.tmp'!r}, {str(pids)!r})\n"
        "time.sleep(60)"
    )
    write_chapter(tmp_path, "02_endless", [endless])
    write_chapter(tmp_path, "03_never", ["print(3)"])
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=str(ROOT), DERMBOOK_FORK=fork),
    )
    end = time.monotonic() + 90
    while not pids.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    run = tmp_path / "run"
    assert notebook_path(run, "01_first").exists()
    assert not notebook_path(run, "02_endless").exists()
    assert not list((run / "notebooks").glob(".*"))
    for pid in json.loads(pids.read_text()):
        status = Path(f"/proc/{pid}/status")
        assert not status.exists() or "zombie" in status.read_text()
