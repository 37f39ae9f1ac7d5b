"""Executes solutions and exercises against a finished run, in this process, without a kernel.

By hand, in the repository: ``PYTHONPATH=.:tests python -m support.solve smoke RUN_FOLDER 06``.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from helpers.core import DermBookError
from helpers.exercises import exercises_of, judge
from helpers.exercises.checking import right_answer
from helpers.exercises.exercise import NotHere
from helpers.exercises.notebooks import EXERCISES, SOLUTIONS
from helpers.exercises.quizzes import questions_of
from helpers.notebook import opened_run
from support.exploding import Explodes
from support.quiz_answers import answers_to

STRANGE: dict[str, Any] = {
    "a text": "no idea",
    "a huge number": 10**400,
    "infinity": float("inf"),
    "a complex number": 1j,
    "nothing in a list": [],
    "a dict of itself": {"a": {"b": []}},
    "an empty table": pd.DataFrame(),
    "an array of many": np.zeros((50, 50, 3)),
    "dates": pd.Series(pd.date_range("2020-01-01", periods=3)),
    "a class": Explodes,
    "a function of nothing": lambda: 1,
    "a function that raises": lambda *_: {}["x"],
    "an object that explodes": Explodes(),
    "bytes": b"\xff",
    "an exception": ValueError("x"),
}

EMPTY = ("nothing in a list", "an empty table")


def run_notebook(path: Path, **parameters: str) -> dict[str, Any]:
    """Execute the cells in order; what ``check`` said, the prose, and the first error."""
    shell = InteractiveShell.instance()
    shell.reset(new_session=False)
    os.chdir(path.parent)
    said, prose, error = {}, [], ""
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        if "parameters" in cell["metadata"].get("tags", []):
            source += "".join(f"\n{name} = {value!r}" for name, value in parameters.items())
        with capture_output() as captured:
            result = shell.run_cell(source, store_history=False)
        for line in captured.stdout.splitlines():
            if match := re.match(r"(\d\d\.q?\d+): (.*)", line):
                said[match[1]] = match[2]
        prose += [shown.data.get("text/markdown", "") for shown in captured.outputs]
        if not result.success:
            raised = result.error_before_exec or result.error_in_exec
            error = f"cell {number}: {type(raised).__name__}: {raised}"
            break
    return {"said": said, "prose": " ".join(" ".join(prose).split()), "error": error}


def wrong_answers(chapter: str) -> dict[str, Any]:
    """What was said of each mistake and each strange answer, by exercise."""
    run = opened_run()
    assert run is not None
    found = {}
    for exercise in exercises_of(chapter):
        right = right_answer(exercise, run)
        mistakes, skipped = {}, []
        for mistake in exercise.mistakes:
            try:
                verdict = judge(exercise, mistake.answer(right, run), run)
            except NotHere:
                skipped.append(mistake.name)
                continue
            mistakes[mistake.name] = [verdict.state, verdict.text]
        strange = {}
        for name, answer in STRANGE.items():
            if name in EMPTY and isinstance(right, set) and not right:
                continue  # there is none, and that is what it says
            verdict = judge(exercise, answer, run)
            strange[name] = [verdict.state, verdict.text]
        found[exercise.id] = {"mistakes": mistakes, "skipped": skipped, "strange": strange}
    return found


def quiz_answers(chapter: str) -> dict[str, Any]:
    """What was said of each set of choices and each strange answer, by question."""
    run = opened_run()
    assert run is not None
    found: dict[str, Any] = {}
    for question in questions_of(chapter):
        exercise = question.exercise()
        answers = {answer: answer for _, answer in answers_to(question)}
        verdicts = {name: judge(exercise, a, run) for name, a in (answers | STRANGE).items()}
        found[question.id] = {
            "right": " ".join(sorted(right_answer(exercise, run))),
            "said": {name: [verdict.state, verdict.text] for name, verdict in verdicts.items()},
        }
    return found


def solve(profile: str, folder: str, chapters: list[str]) -> dict[str, Any]:
    """All of it, by notebook; as in a batch run, so that no progress is kept."""
    os.environ.update(DERMBOOK_CHAPTER="exercises", MPLBACKEND="Agg")
    results: dict[str, Any] = {}
    for path in sorted(SOLUTIONS.glob("*.ipynb")):
        chapter = path.name[:2]
        if chapters and chapter not in chapters:
            continue
        started = time.process_time()
        one: dict[str, Any] = {"solution": run_notebook(path, profile=profile, run_folder=folder)}
        try:
            one["wrong"] = wrong_answers(chapter)
            one["quiz"] = quiz_answers(chapter)
        except DermBookError as error:
            one["solution"]["error"] = one["solution"]["error"] or str(error)
            one["wrong"], one["quiz"] = {}, {}
        one["exercise"] = run_notebook(EXERCISES / path.name, profile=profile, run_folder=folder)
        one["seconds"] = round(time.process_time() - started, 2)
        results[path.stem] = one
    results["tensorflow"] = "tensorflow" in sys.modules
    return results


if __name__ == "__main__":
    print(json.dumps(solve(sys.argv[1], str(Path(sys.argv[2]).resolve()), sys.argv[3:]), indent=1))
