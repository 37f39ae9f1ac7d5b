"""Minutes that chapters say are those that were measured; a run that does not tell is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.chapter_minutes import (
    MINUTES_AN_EXERCISE,
    STEP,
    Measure,
    count_words,
    kept_measures,
    measure_run,
    n_exercises,
    time_line,
    write_time,
    written_words,
)
from helpers.core import ConfigError, read_json, write_json
from helpers.notebook import find_chapters
from helpers.notebook.chapters import Chapter, read_chapter

CHAPTERS = find_chapters()

READING_TOLERANCE = STEP
"""Minutes: words come and go, and the lines are told in steps."""
EXERCISES_TOLERANCE = 2 * MINUTES_AN_EXERCISE
"""Minutes: an exercise more or less is no reason to write a line anew."""
RUNNING_TOLERANCE = 1.0
"""Share: machines differ by more."""
WRITTEN_TOLERANCE = 0.3
"""Share of a chapter's own words by which it may have changed since it was measured."""


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_chapter_says_the_minutes_that_were_measured(chapter: Chapter) -> None:
    """To read, for the exercises and to run, each within its tolerance."""
    measure, again = kept_measures()[chapter.name], "run benchmarks.chapter_minutes --write"
    reading, *exercises, running = map(int, chapter.minutes.split("/"))
    n = n_exercises(chapter.name)
    assert abs(reading - measure.words / 200) <= READING_TOLERANCE, again
    assert abs(sum(exercises) - n * MINUTES_AN_EXERCISE) <= EXERCISES_TOLERANCE, again
    longest = max(1.0, (1 + RUNNING_TOLERANCE) * measure.seconds / 60)
    assert running <= longest + 1 and running >= measure.seconds / 60 / 2, again


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)
def test_a_measure_is_of_the_chapter_as_it_stands(chapter: Chapter) -> None:
    """Its own prose has about as many words as when it was measured."""
    written = written_words(read_json(chapter.path))
    assert written == pytest.approx(kept_measures()[chapter.name].written, rel=WRITTEN_TOLERANCE)


def _run(folder: Path, *, profile: str = "quick", trained: bool = True) -> Path:
    """A finished run of one chapter with one trial."""
    outputs: list[dict[str, Any]] = [
        {"data": {"text/markdown": "Three words more."}},
        {"data": {"application/vnd.dermbook.figure+json": {"caption": "A *caption* here."}}},
        {"data": {"text/html": "<table>no words of prose</table>"}},
    ]
    notebook = {
        "metadata": {"papermill": {"start_time": "2026-03-01T12:00:00+00:00"}},
        "cells": [
            {"cell_type": "markdown", "source": ["# Two words\n", "see [this](https://a.b/c)"]},
            {"cell_type": "code", "source": "not counted", "outputs": outputs},
            {"cell_type": "markdown", "source": "## References\n\n1. Not read."},
        ],
    }
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    (folder / "notebooks").mkdir(parents=True)
    (folder / "notebooks" / "01_start.ipynb").write_text(json.dumps(notebook))
    write_json(folder / "state" / "01_start.json", {"seconds": 61.04})
    configuration = {"profile": {"name": profile}}
    manifest = {"chapters": {"01_start": {}}, "configuration": configuration}
    write_json(folder / "manifest.json", manifest)
    trial = {"name": "One", "key": "one", "epochs": 4, "seconds": 20.0}
    write_json(folder / "trials" / "01_start.json", [trial])
    if trained:
        event = {"time": 1.8e9, "text": "One: 4 epochs in 20 s", "finished": True}
        path = folder / "state" / "01_start.events.jsonl"
        path.write_text(json.dumps(event) + "\n")
    return folder


def test_words_and_seconds_of_a_run(tmp_path: Path) -> None:
    """Prose, computed sentences and captions count; code, tables and references do not."""
    assert measure_run(_run(tmp_path)) == {"01_start": Measure(words=10, written=4, seconds=61.0)}
    assert (Measure(10, 4, 61.0).reading, Measure(2600, 4, 61.0).reading) == (5, 15)
    assert (Measure(10, 4, 61.0).running, Measure(10, 4, 2.0).running) == (2, 1)
    assert count_words("Call `f(x)`: 3 words, <b>bold</b> – or 7") == 7


def test_a_run_that_does_not_tell_is_refused(tmp_path: Path) -> None:
    """One of another profile, one whose trainings took no time, and what is no run."""
    with pytest.raises(ConfigError, match="profile quick but got one of smoke"):
        measure_run(_run(tmp_path / "smoke", profile="smoke"))
    with pytest.raises(ConfigError, match="1 of its 1 trainings were there before; set DERM"):
        measure_run(_run(tmp_path / "cached", trained=False))
    with pytest.raises(ConfigError, match="finished run"):
        measure_run(tmp_path / "none")


def test_exercises_are_counted(tmp_path: Path) -> None:
    """In the notebook of exercises, a quiz as one, or in "Try it" where there is none."""
    body = "# T\n\n## Try it\n\n1. One.\n2. Two.\n\n## References\n\n1. A work."
    cells = [{"cell_type": "markdown", "source": body.splitlines(keepends=True)}]
    (tmp_path / "01_a.ipynb").write_text(json.dumps({"cells": cells}))
    assert n_exercises("01_a", tmp_path, tmp_path / "exercises") == 2
    (tmp_path / "exercises").mkdir()
    cells = [{"source": f"## 01.{i} Do\n\nIt."} for i in range(1, 6)]
    cells += [{"source": "## Quiz\n\nHow."}, {"source": "## Other"}, {"source": "**01.q1** Which?"}]
    (tmp_path / "exercises" / "01_a.ipynb").write_text(json.dumps({"cells": cells}))
    assert n_exercises("01_a", tmp_path, tmp_path / "exercises") == 6


def test_the_line_is_written_and_read_back(tmp_path: Path) -> None:
    """A chapter's line says what was measured, and nothing else of the notebook changes."""
    line = time_line(Measure(2600, 4, 61.0), 4, ["04_a", "05_b"])
    assert line.endswith(", 2 minutes to run in `quick` after chapters 4 and 5.")
    assert "exercises" not in time_line(Measure(10, 4, 1.0), 0)
    path = tmp_path / "06_c.ipynb"
    path.write_bytes(CHAPTERS[-1].path.read_bytes())
    before = path.read_text(encoding="utf-8")
    assert write_time(path, line)
    assert read_chapter(path).minutes == "15/20/2"
    assert not write_time(path, line)
    old, new = before.splitlines(), path.read_text(encoding="utf-8").splitlines()
    assert len([pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]) == 1
