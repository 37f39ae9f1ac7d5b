"""Every solution passes against a finished smoke run, and no wrong answer does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from support.smoke_report import SmokeReport
from support.solve import EMPTY

from helpers.core import ROOT
from helpers.exercises.notebooks import SOLUTIONS
from helpers.exercises.registry import exercises_of, quiz_of

NOTEBOOKS = sorted(path.stem for path in SOLUTIONS.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("name", NOTEBOOKS)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def solved(smoke_report: SmokeReport, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All notebooks executed in one process, on the trials of the report."""
    there = {path.name for path in smoke_report.run.iterdir()}
    done = subprocess.run(
        [sys.executable, "-m", "support.solve", "smoke", str(smoke_report.run)],
        cwd=ROOT,
        env=os.environ
        | {"DERMBOOK_HOME": str(smoke_report.home), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads(done.stdout)
    results["new files"] = {path.name for path in smoke_report.run.iterdir()} - there
    return dict(results)


@each_notebook
def test_every_solution_passes(solved: dict[str, Any], name: str) -> None:
    """No cell raises, and each check says right."""
    found = solved[name]["solution"]
    assert found["error"] == ""
    asked = [*exercises_of(name[:2]), *quiz_of(name[:2])]
    assert list(found["said"]) == [exercise.id for exercise in asked]
    assert {key: said for key, said in found["said"].items() if not said.startswith("right.")} == {}


@each_notebook
def test_no_wrong_answer_passes(solved: dict[str, Any], name: str) -> None:
    """At least three kinds of mistakes an exercise can be made here; all are refused."""
    for key, found in solved[name]["wrong"].items():
        assert len(found["mistakes"]) >= 3, (key, found["skipped"])
        for kind in ("mistakes", "strange"):
            passed = {what: told for what, told in found[kind].items() if told[0] != "wrong"}
            assert passed == {}, key


@each_notebook
def test_one_set_of_choices_passes(solved: dict[str, Any], name: str) -> None:
    """That which the run's numbers give; no other set of letters, and no strange answer."""
    assert len(solved[name]["quiz"]) == len(quiz_of(name[:2]))
    for key, found in solved[name]["quiz"].items():
        states = {answer: told[0] for answer, told in found["said"].items()}
        assert states.pop(found["right"]) == "right", key
        assert states.pop(EMPTY[0]) == "empty", key
        assert set(states.values()) == {"wrong"}, (key, states)


@each_notebook
def test_an_untouched_notebook_runs_through(solved: dict[str, Any], name: str) -> None:
    """No cell raises, and each check says that there is no answer yet."""
    found = solved[name]["exercise"]
    assert found["error"] == ""
    assert {said[:22] for said in found["said"].values()} == {"there is no answer yet"}
    assert len(found["said"]) == len(exercises_of(name[:2])) + len(quiz_of(name[:2]))


def test_no_progress_is_kept(solved: dict[str, Any]) -> None:
    """A batch run of solutions leaves nothing beside the student's run."""
    assert not {one for one in solved["new files"] if "progress" in one}
