"""The profile of a report, of a run whose every second is written by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.report_profile import NOT_RECORDED, main, profile_run, profile_tables, training_of
from helpers.core import ConfigError, write_json
from helpers.report import events_path

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC).timestamp()


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).isoformat()


def _cell(begin: float, end: float, source: str) -> dict[str, Any]:
    told = {"start_time": _time(begin), "end_time": _time(end)}
    return {"cell_type": "code", "source": source, "metadata": {"papermill": told}}


def _trial(home: Path, key: str) -> None:
    folder = home / "trials" / key
    seconds = {"import": 0.5, "build": 1.0, "train": 17.0, "predict_and_save": 1.5, "total": 20.0}
    write_json(folder / "trial.json", {"seconds": seconds})
    # Tracing took 4 s; a stage of one epoch does not tell.
    rows = [(1, 6.0), (1, 2.0), (1, 2.0), (2, 5.0)]
    lines = ["stage,epoch,seconds", *(f"{s},{i},{t}" for i, (s, t) in enumerate(rows, 1))]
    (folder / "history.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A chapter that trains two of three trials, and one that nothing is known of."""
    folder = tmp_path / "run"
    cells = [
        {"cell_type": "markdown", "source": "# Title", "metadata": {}},
        _cell(3, 5, "import json\nfrom pathlib import Path"),
        _cell(5, 45, "trials = run.train('a')"),
        _cell(45, 52, "run.figure(plots.curves(trials), 'curves')"),
        _cell(53, 54, "1 + 1"),
    ]
    told = {"papermill": {"start_time": _time(0), "end_time": _time(55)}}
    path = folder / "notebooks" / "01_start.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"cells": cells, "metadata": told}))
    write_json(folder / "state" / "01_start.json", {"seconds": 56.0})
    manifest = {"started": _time(0), "finished": _time(58), "chapters": {"01_start": {}}}
    write_json(folder / "manifest.json", manifest)
    names = [("One", "one"), ("Renamed", "two"), ("Cached", "three")]
    listed = [{"name": n, "key": k, "epochs": 4, "seconds": 20.0} for n, k in names]
    write_json(folder / "trials" / "01_start.json", listed)
    events = [
        (-9, "One: 4 epochs in 20 s"),  # of an earlier call
        (30, "One: 4 epochs in 20 s"),
        (40, "Two: 4 epochs in 20 s"),
    ]
    lines = [
        json.dumps({"chapter": "01_start", "time": START + t, "text": text, "finished": True})
        for t, text in events
    ]
    events_path(folder, "01_start").write_text("\n".join([*lines, '{"chapter": "01_st']))
    for _, key in names:
        _trial(tmp_path / "home", key)
    return folder


def test_a_training_is_told_by_its_phases(tmp_path: Path) -> None:
    """A stage's first epoch above the median of its later ones is no step."""
    _trial(tmp_path, "one")
    training = training_of(tmp_path / "trials" / "one")
    assert training is not None
    assert (training.imports, training.build, training.save) == (0.5, 1.0, 1.5)
    assert (training.trace, training.steps, training.validate) == (4.0, 11.0, 2.0)
    assert training_of(tmp_path / "trials" / "none") is None


def test_every_second_of_a_chapter_is_in_one_column(run: Path) -> None:
    """Two trainings overlap by the clock; what an earlier call did does not count."""
    profile = profile_run(run, run.parent / "home")
    (chapter,) = profile.chapters
    assert chapter.kernel == 3 and chapter.imports == 2
    assert chapter.waiting == 30  # from 10 to 40
    assert (chapter.plots, chapter.other, chapter.gaps, chapter.end) == (7, 10 + 1, 1, 2)
    parts = (chapter.kernel, chapter.imports, chapter.waiting, chapter.plots, chapter.other)
    assert sum(parts) + chapter.gaps + chapter.end == chapter.total == 56
    assert len(chapter.trainings) == 2 and chapter.missing == 0
    assert profile.executing == 58


def test_what_a_run_does_not_tell_is_said(run: Path) -> None:
    """No times of typesetting, no notebook and no trial: not recorded, and never zero."""
    home = run.parent / "home"
    profile = profile_run(run, home)
    assert profile.read is None and profile.pdf is None and profile.html is None
    seconds = {"read": 1.5, "pdf": 4.5, "html": 2.5}
    write_json(run / "state" / "report.json", {"key": "k", "seconds": seconds})
    profile = profile_run(run, home)
    assert (profile.read, profile.pdf, profile.html) == (1.5, 4.5, 2.5)
    (home / "trials" / "two" / "trial.json").unlink()
    (home / "trials" / "three" / "trial.json").unlink()
    assert profile_run(run, home).chapters[0].missing == 1
    (run / "notebooks" / "01_start.ipynb").unlink()
    (chapter,) = profile_run(run, home).chapters
    assert chapter.kernel is None and chapter.waiting is None and chapter.end is None
    console = Console(width=200)
    with console.capture() as shown:
        console.print(profile_tables(profile_run(run, home))[0])
    assert shown.get().count(NOT_RECORDED) == 3


def test_a_folder_that_is_no_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the folder and the way out."""
    monkeypatch.setattr("sys.argv", ["report_profile", str(tmp_path)])
    with pytest.raises(SystemExit, match=f"{tmp_path}: expected the folder of a finished run"):
        main()
    with pytest.raises(ConfigError):
        profile_run(tmp_path)


def test_the_command_prints_two_tables(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chapters, sums, and the time until the last chapter had ended."""
    monkeypatch.setenv("DERMBOOK_HOME", str(run.parent / "home"))
    monkeypatch.setattr("sys.argv", ["report_profile", str(run)])
    main()
    text = capsys.readouterr().out
    assert text.count("01_start") == 2 and text.count("all chapters") == 2
    assert "58 s until its last chapter had ended, 2 s of them outside of chapters" in text
    assert f"PDF {NOT_RECORDED}" in text
