"""Which chapters run beside each other, and in which order; none is executed."""

from __future__ import annotations

import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

import pytest
from support.small_chapters import run_small

from helpers import models, training
from helpers.notebook.chapters import Chapter
from helpers.report import execution, runner


class _Planned:
    """Stands in for an execution: it lasts as many steps as its chapter is planned for."""

    steps: ClassVar[dict[str, int]] = {}
    timed: ClassVar[dict[str, int]] = {}
    now: ClassVar[list[_Planned]] = []
    seen: ClassVar[list[list[str]]] = []
    done = total = 0
    alone = False
    waited = 0.0

    def __init__(self, chapter, target, parameters, *, events, log):
        self.name, self.target = chapter.number, target
        self.left = self.steps.get(self.name, 1)
        self.until = self.timed.get(self.name, 0)

    def start(self):
        """Note who runs from now on."""
        self.target.write_text("{}")
        self.now.append(self)
        self.seen.append([one.name for one in self.now])

    @property
    def running(self):
        """Whether steps are left."""
        return self.left > 0

    @property
    def waiting(self):
        """Whether as many steps are left as are to be made alone."""
        return self.left == self.until > 0 and not self.alone

    def go_alone(self):
        """Note that it goes on, and with whom."""
        self.alone = True
        self.seen.append([one.name for one in self.now if one is self or not one.waiting])

    def wait(self):
        """Let all that compute make a step."""
        for one in self.now:
            one.left -= not one.waiting

    def check(self):
        """End."""
        self.now.remove(self)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Runs chapters that do nothing; tells who ran at each start."""
    monkeypatch.setattr(execution, "Execution", _Planned)
    monkeypatch.setattr(runner, "_kernels", lambda *_: nullcontext())
    monkeypatch.setattr(runner, "_check_all", lambda *_: None)

    def run(chapters, at_once, timed=None, **steps):
        monkeypatch.setattr(_Planned, "timed", timed or {})
        monkeypatch.setattr(_Planned, "steps", {name[1:]: n for name, n in steps.items()})
        monkeypatch.setattr(_Planned, "seen", [])
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        results, _ = run_small(chapters, tmp_path / "run", at_once=at_once)
        assert [result.status for result in results.values()] == ["done"] * len(chapters)
        assert list(results) == [chapter.name for chapter in chapters]
        return _Planned.seen

    return run


def _chapter(name, *needs):
    return Chapter(name, Path(f"{name}.ipynb"), name, needs=needs)


def test_one_at_a_time_runs_in_order(plan):
    """Whatever needs what."""
    chapters = [_chapter("01_a"), _chapter("02_b"), _chapter("03_c", "01_a")]
    assert plan(chapters, 1, _01=3) == [["01"], ["02"], ["03"]]


def test_the_next_whose_needs_are_done_starts(plan):
    """In order; one that waits holds up none behind it."""
    chapters = [_chapter("01_a"), _chapter("02_b", "01_a"), _chapter("03_c"), _chapter("04_d")]
    seen = plan(chapters, 2, _01=2, _03=1, _04=3)
    assert seen == [["01"], ["01", "03"], ["01", "04"], ["04", "02"]]


def test_no_more_run_than_asked_for(plan):
    """Three at a time of four."""
    chapters = [_chapter(name) for name in ("01_a", "02_b", "03_c", "04_d")]
    seen = plan(chapters, 3, _01=1, _02=2, _03=2)
    assert seen == [["01"], ["01", "02"], ["01", "02", "03"], ["02", "03", "04"]]


def test_a_chapter_measures_alone(plan):
    """It begins beside others, those behind it go first, and none computes while it measures."""
    chapters = [_chapter(name) for name in ("01_a", "02_b", "03_c", "04_d")]
    seen = plan(chapters, 2, timed={"02": 2}, _01=2, _02=3, _03=1, _04=2)
    assert seen == [
        ["01"],
        ["01", "02"],
        ["01", "02", "03"],  # the second waits, and has left its place to the third
        ["02", "04"],
        ["02"],
    ]


def test_chapters_measure_one_after_the_other(plan):
    """Two that wait for nothing but each other, and a third that needs the first."""
    chapters = [_chapter("01_a"), _chapter("02_b"), _chapter("03_c", "01_a")]
    seen = plan(chapters, 2, timed={"01": 1, "02": 2}, _01=2, _02=3)
    assert seen == [["01"], ["01", "02"], ["01"], ["02", "03"], ["02"]]


def test_two_at_a_time_suit_a_cpu_of_two_cores(monkeypatch):
    """A GPU, another backend or a single core have one chapter after the other."""
    for cores, gpu, backend, suitable in (
        (2, False, "tensorflow", 2),
        (16, False, "tensorflow", 2),
        (1, False, "tensorflow", 1),
        (16, True, "tensorflow", 1),
        (16, False, "jax", 1),
    ):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        monkeypatch.setattr(training, "has_gpu", lambda gpu=gpu: gpu)
        monkeypatch.setattr(models, "backend_name", lambda backend=backend: backend)
        assert runner.suitable_at_once() == suitable
