"""Chapters run in fresh kernels, as their needs allow, and fail without taking others down."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import nbformat
import pytest
from support.light_server import LIGHT, running
from support.small_chapters import EVENT, PATIENCE, run_small, write_chapter

from helpers.core.errors import ConfigError
from helpers.core.files import read_json
from helpers.core.fork_server import ForkServer
from helpers.notebook.captions import FOLDER_VARIABLE
from helpers.notebook.chapters import find_chapters
from helpers.report import engine, kernels
from helpers.report.cells import read_chapter
from helpers.report.engine import SAVE_SECONDS
from helpers.report.execution import check_parameters
from helpers.report.runner import failed_path, notebook_path, numbers_path


@pytest.fixture(scope="module", autouse=True)
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All runs of this module fork their kernels from one server, which imports so much once."""
    start, stop = kernels.start_server, kernels.stop_server
    kept: list[ForkServer] = []

    def start_once(environment: dict[str, str]) -> None:
        if not kept:
            start(running(LIGHT, tmp_path_factory.mktemp("server") / "modules", environment))
            assert kernels._server is not None
            kept.append(kernels._server)
        kernels._server = kept[0]

    def leave_running() -> None:
        kernels._server = None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "start_server", start_once)
        patch.setattr(kernels, "stop_server", leave_running)
        yield
    kernels._server = kept[0] if kept else None
    stop()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory):
    """A run with a good chapter, a failing one, its dependant, and a kernel that is killed."""
    folder = tmp_path_factory.mktemp("mixed")
    source = folder / "chapters"
    cells = ["print(profile, max_images, run_folder)", EVENT, "import sys; print(sys.executable)"]
    write_chapter(source, "01_good", cells)
    write_chapter(source, "02_bad", ["x = 1", "undefined_name", "print('not reached')"])
    write_chapter(source, "03_after", ["print(2)"], needs=["02_bad"])
    killing = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    write_chapter(source, "04_killed", ["print('said before')", killing])
    write_chapter(source, "05_last", ["x" if False else "y = 3"], needs=["01_good"])
    run = folder / "run"
    results, text = run_small(find_chapters(source), run)
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
    assert "said before\\n" in failed_path(run, "04_killed").read_text(encoding="utf-8")


def test_a_notebook_is_not_saved_around_each_cell(monkeypatch):
    """But again and again while it is executed."""
    now, saved = [100.0], []
    monkeypatch.setattr(engine, "monotonic", lambda: now[0])
    save = engine._seldom(lambda **options: saved.append(now[0]))
    for now[0] in (100.0, 101.0, 100.0 + SAVE_SECONDS, 101.0 + SAVE_SECONDS, 300.0):
        save()
    assert saved == [100.0 + SAVE_SECONDS, 300.0]


def test_plain_output_is_a_line_for_each_start_end_and_trial(mixed):
    """Without a terminal: no control characters, no fleeting events, no flood."""
    _, _, text, _ = mixed
    lines = text.splitlines()
    assert "\x1b" not in text
    assert sum("resnet50: balanced accuracy 0.71" in line for line in lines) == 1
    assert "epoch 1" not in text
    assert len(lines) == 4 + 5 + 1  # four begin, five end, one trial


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory):
    """A run, with braces in its name, of chapters that are right or told in one message."""
    folder = tmp_path_factory.mktemp("odd")
    source, run = folder / "chapters", folder / "run {x} {0}"
    path = write_chapter(source, "01_odd", ["1 / 0", "import sys; sys.exit(0)", "never()"])
    notebook = nbformat.read(path, as_version=4)
    del notebook.metadata["kernelspec"]
    raises, skipped = notebook.cells[-3:-1]
    raises.metadata["tags"], skipped.metadata["tags"] = ["raises-exception"], ["skip-execution"]
    notebook.cells[-1].source = "import matplotlib; matplotlib.get_backend()"
    nbformat.write(notebook, path)
    write_chapter(source, "02_exit", ["import sys", "sys.exit(0)", "print('not reached')"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "TkAgg")
        results, _ = run_small(find_chapters(source), run)
    return run, results


def test_cells_that_raise_on_purpose_or_are_left_out_are_right(odd):
    """Their tags say so; no kernelspec, braces and a backend of windows do no harm."""
    run, results = odd
    assert results["01_odd"].status == "done", results["01_odd"].reason
    notebook = nbformat.read(notebook_path(run, "01_odd"), as_version=4)
    assert "papermill-error" not in str(notebook)
    assert "inline" in notebook.cells[-1].outputs[0].data["text/plain"]
    chapter, problems = read_chapter(notebook, "01_odd.ipynb", run, 1, "show")
    assert not problems and "ZeroDivisionError" in str(chapter.blocks)


def test_a_chapter_that_ends_itself_is_told(odd):
    """``sys.exit(0)`` is no whole chapter: nothing is kept as done that no page can be made of."""
    run, results = odd
    assert results["02_exit"].status == "failed"
    assert "SystemExit" in results["02_exit"].reason and "sys.exit" in results["02_exit"].reason
    assert failed_path(run, "02_exit").exists() and not notebook_path(run, "02_exit").exists()


def test_unchanged_chapters_are_not_executed_again(mixed):
    """A second run repeats the failures only; a changed digest runs its chapter again."""
    run, _, _, source = mixed
    good = [c for c in find_chapters(source) if c.name in ("01_good", "05_last")]
    before = notebook_path(run, "01_good").stat().st_mtime_ns
    results, _ = run_small(good, run)
    assert [result.status for result in results.values()] == ["cached", "cached"]
    assert results["01_good"].seconds > 0
    assert notebook_path(run, "01_good").stat().st_mtime_ns == before
    results, _ = run_small(good, run, {"01_good": "1", "05_last": "0"})
    assert [result.status for result in results.values()] == ["done", "cached"]
    assert read_json(run / "state" / "01_good.json")["digest"] == "1"


def test_a_copy_without_its_state_is_not_trusted(mixed):
    """A broken state file means that the chapter is run again."""
    run, _, _, source = mixed
    chapter = next(c for c in find_chapters(source) if c.name == "05_last")
    (run / "state" / "05_last.json").write_text("{")
    results, _ = run_small([chapter], run)
    assert results["05_last"].status == "done"


@pytest.mark.parametrize("part", ["notebooks", "numbers"])
def test_a_copy_that_was_changed_is_not_trusted(tmp_path, part):
    """Another byte in what a chapter left, and it is executed again, to the same text."""
    write_chapter(tmp_path / "chapters", "01_one", ["print(6 * 7)"])
    chapters = find_chapters(tmp_path / "chapters")
    assert run_small(chapters, tmp_path / "run")[0]["01_one"].status == "done"
    path = {"notebooks": notebook_path, "numbers": numbers_path}[part](tmp_path / "run", "01_one")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((path.read_bytes() if path.exists() else b"").replace(b"42", b"43") + b" ")
    assert run_small(chapters, tmp_path / "run")[0]["01_one"].status == "done"
    assert "42\\n" in notebook_path(tmp_path / "run", "01_one").read_text(encoding="utf-8")
    assert run_small(chapters, tmp_path / "run")[0]["01_one"].status == "cached"


def test_unknown_parameters_are_refused_before_anything_runs(tmp_path):
    """The error names the chapter, the parameter, and the valid names."""
    write_chapter(tmp_path, "01_small", ["print(1)"], parameters="profile = 'quick'\nseed = None")
    chapter = find_chapters(tmp_path)[0]
    check_parameters(chapter, {"profile": "smoke"})
    with pytest.raises(ConfigError, match=r"01_small: no parameters .*'source'.*profile, seed"):
        run_small([chapter], tmp_path / "run")
    assert not (tmp_path / "run" / "notebooks").exists()


def _waiting_for(path: str) -> str:
    """A cell that ends when a file is there, or in an error."""
    return (
        "import pathlib, time\n"
        f"end = time.monotonic() + {PATIENCE}\n"
        f"while not (pathlib.Path(run_folder) / {path!r}).exists():\n"
        f"    assert time.monotonic() < end, {path!r}\n"
        "    time.sleep(0.05)"
    )


TELL = "import pathlib\n(pathlib.Path(run_folder) / '{}').touch()"


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory):
    """A run of two at a time: two meet, one fails beside another, one needs the first."""
    folder = tmp_path_factory.mktemp("beside")
    source = folder / "chapters"
    left = [EVENT, TELL.format("left"), _waiting_for("right"), "print('met')"]
    write_chapter(source, "01_left", left)
    write_chapter(source, "02_right", [EVENT, TELL.format("right"), _waiting_for("left")])
    write_chapter(source, "03_bad", [_waiting_for("fourth"), "1 / 0"])
    fourth = [TELL.format("fourth"), _waiting_for("notebooks/03_bad.failed.ipynb")]
    write_chapter(source, "04_fourth", fourth)
    there = "import pathlib\nassert (pathlib.Path(run_folder) / 'notebooks/01_left.ipynb').exists()"
    write_chapter(source, "05_after", [there], needs=["01_left", "02_right"])
    write_chapter(source, "06_skipped", ["1"], needs=["03_bad"])
    others = "assert (pathlib.Path(run_folder) / 'state/08_last.json').exists()"
    write_chapter(source, "07_timed", [TELL.format("timed"), others], alone=1)
    write_chapter(source, "08_last", [_waiting_for("timed")])
    write_chapter(source, "09_needed", ["1"])
    write_chapter(source, "10_needs", ["1"], needs=["09_needed"])
    names = ("JUPYTER_PATH", "PYTHONPATH", "DERMBOOK_EVENTS", "DERMBOOK_CHAPTER", FOLDER_VARIABLE)
    before = {name: os.environ.get(name) for name in names}
    results, text = run_small(find_chapters(source), folder / "run", at_once=2)
    assert {name: os.environ.get(name) for name in names} == before
    return folder / "run", results, text, source


def test_two_chapters_run_at_a_time(beside):
    """Each waits for what the other writes, so that neither could end before the other began."""
    run, results, _, _ = beside
    assert [results[name].status for name in ("01_left", "02_right")] == ["done", "done"]
    assert "met" in notebook_path(run, "01_left").read_text()


def test_a_chapter_waits_for_what_it_needs(beside):
    """Its kernel finds the finished copy of the other."""
    _, results, _, _ = beside
    assert results["05_after"].status == "done"


def test_what_others_need_begins_first(beside):
    """The rest keeps its order, and so do results."""
    _, _, text, _ = beside
    begun = [line.split()[1] for line in text.splitlines() if line.endswith(" ...")]
    assert begun[:5] == ["01", "02", "03", "09", "04"]


def test_a_cell_that_measures_waits_for_the_others(beside):
    """One chapter ends only when another has begun, whose second cell finds it finished."""
    _, results, _, _ = beside
    assert [results[name].status for name in ("07_timed", "08_last")] == ["done", "done"]


def test_a_failure_does_not_disturb_its_neighbour(beside):
    """The one beside it ends after it and is whole; only what needs it is skipped."""
    run, results, _, source = beside
    assert results["03_bad"].reason == "Cell 4: ZeroDivisionError: division by zero"
    assert failed_path(run, "03_bad").exists() and not notebook_path(run, "03_bad").exists()
    assert results["04_fourth"].status == "done" and notebook_path(run, "04_fourth").exists()
    assert (results["06_skipped"].status, results["06_skipped"].reason) == (
        "skipped",
        "needs 03_bad",
    )
    assert list(results) == [chapter.name for chapter in find_chapters(source)]
    assert not list((run / "notebooks").glob(".*"))


def test_a_trial_line_names_its_chapter_where_two_run(beside):
    """Each line once, though both chapters say the same."""
    _, _, text, _ = beside
    lines = text.splitlines()
    for number in ("01", "02"):
        assert lines.count(f"      {number} resnet50: balanced accuracy 0.71") == 1
    assert len(lines) == 9 + 10 + 2  # nine begin, ten end, two trials
