"""``check``: what it says, which hints it gives, and that nothing makes it raise."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.exploding import Explodes

from helpers.core import DermBookError
from helpers.exercises import checking, progress
from helpers.exercises.answers import Number
from helpers.exercises.exercise import Exercise, Mistake, NotHere
from helpers.exercises.function_answers import Case, Function
from helpers.exercises.letters import Letters
from helpers.exercises.of_run import NotRunYet

STRANGE = (Explodes(), [Explodes()], {"a": Explodes()}, 10**400)


class SmallRun:
    """As much of a run as a check needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = 0


def small_exercise(right: Any = 0.5, matcher: Any = None) -> Exercise:
    """An exercise whose right answer is given, or raised."""

    def compute(run: Any) -> Any:
        run.asked += 1
        if isinstance(right, Exception):
            raise right
        return right

    return Exercise(
        "99.1",
        "Small",
        "read",
        compute,
        matcher or Number(0.01, "small"),
        ("first", "second", "third"),
        (Mistake("the half of it", lambda right, run: right / 2),),
        "Well seen.",
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallRun:
    """An open run, with the small exercise."""
    opened = SmallRun(tmp_path)
    monkeypatch.setattr(checking, "opened_run", lambda: opened)
    monkeypatch.delenv("DERMBOOK_CHAPTER", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    ask(monkeypatch, small_exercise())
    return opened


def ask(monkeypatch: pytest.MonkeyPatch, exercise: Exercise) -> None:
    """Have this exercise be the one that is asked."""
    monkeypatch.setattr(checking, "find_exercise", lambda exercise_id: exercise)


def said(capsys: pytest.CaptureFixture[str], answer: Any) -> list[str]:
    """The lines of a check."""
    checking.check("99.1", answer)
    return capsys.readouterr().out.splitlines()


def test_right_is_told_with_what_it_shows(
    run: SmallRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line; the right answer is computed once."""
    assert said(capsys, 0.5) == ["99.1: right. Well seen."]
    assert said(capsys, 0.505) == ["99.1: right. Well seen."]
    assert run.asked == 1


def test_long_lines_are_wrapped_between_words(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is wider than a notebook, and each word is whole."""
    text = "a lesion and its picture " * 20

    def tell(*_: Any) -> list[str]:
        return [f"99.1: {text}", f"  Hint 1: {text}"]

    monkeypatch.setattr(checking, "_lines", tell)
    lines = said(capsys, 0.5)
    assert max(map(len, lines)) <= 88
    assert " ".join(" ".join(lines).split()) == f"99.1: {text}Hint 1: {text}".strip()


def test_hints_grow_with_other_wrong_answers(
    run: SmallRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """One more each; the same answer again is no new try, and there are three."""
    assert said(capsys, 0.9)[1:] == ["  Hint 1: first"]
    assert said(capsys, 0.9)[1:] == ["  Hint 1: first"]
    assert len(said(capsys, 0.8)) == 3
    assert len(said(capsys, 0.7)) == 4
    assert len(said(capsys, 0.6)) == 4


@pytest.mark.parametrize("answer", ["", " ", [], ..., None])
def test_no_letter_is_no_try(
    answer: Any, run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a question too: what to write is said, and no hint is given away."""
    question = small_exercise(frozenset("b"), Letters({"a": "No.", "b": ""}, False))
    ask(monkeypatch, replace(question, kind="choose"))
    told = " ".join(said(capsys, answer))
    assert "there is no answer yet; put a letter in place of the dots" in told
    assert "Hint" not in told and not (run.folder / "progress.json").exists()


def test_no_warning_stands_beside_a_right_answer(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no precision, to divide by nought gives the NaN that was asked for."""
    ask(
        monkeypatch,
        small_exercise([(Case("0", (np.int64(0),)), float("nan"))], Function(Number(0.1, "share"))),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert said(capsys, lambda n: np.float64(0) / n)[0].startswith("99.1: right")


def test_a_function_that_is_defined_again_is_no_new_try(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a function stands inside of it; another one inside is another answer."""
    ask(monkeypatch, small_exercise([(Case("3", (3,)), 6)], Function(Number(0.1, "sum"))))

    def written(inner: str) -> Any:
        names: dict[str, Any] = {}
        exec(f"def f(n):\n    return sum((lambda i: {inner})(i) for i in range(n))", names)
        return names["f"]

    for inner, lines in (("i", 2), ("i", 2), ("2 * i + 1", 3), ("2 * i + 1", 3)):
        assert len(said(capsys, written(inner))) == lines


def test_an_expected_mistake_is_named(run: SmallRun, capsys: pytest.CaptureFixture[str]) -> None:
    """By what was done."""
    assert said(capsys, 0.25)[0] == "99.1: not yet: this looks like the half of it."


def test_nothing_there_is_no_try(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ellipsis, None, and a function that still does nothing."""

    def untouched(x: float) -> float:
        """What it should do."""
        ...

    for answer in (..., None, untouched):
        assert "there is no answer yet" in said(capsys, answer)[0]
    ask(monkeypatch, small_exercise([], Function(Number(0.1, "small"))))
    assert "there is no answer yet" in said(capsys, untouched)[0]
    assert not (run.folder / "progress.json").exists()


def test_no_answer_makes_it_raise(run: SmallRun, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the object does when it is looked at."""
    for answer in STRANGE:
        assert "99.1: not yet" in said(capsys, answer)[0]


def test_no_choice_makes_it_raise(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one of a question; letters that can be read but once are read but once."""
    question = small_exercise(frozenset("b"), Letters({"a": "No.", "b": ""}, False))
    ask(monkeypatch, replace(question, kind="choose"))
    for answer in STRANGE:
        assert "99.1: not yet" in said(capsys, answer)[0]
    assert "99.1: right" in said(capsys, iter("b"))[0]


def test_a_run_without_trials_says_what_to_run(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command of the message; and what a run cannot ask is told with the reason."""
    ask(monkeypatch, small_exercise(NotRunYet("run 'dermbook report quick' first")))
    assert said(capsys, 1) == ["99.1: run 'dermbook report quick' first"]
    ask(monkeypatch, small_exercise(NotHere("no melanoma")))
    assert said(capsys, 1) == ["99.1: this run cannot ask it: no melanoma"]
    ask(monkeypatch, small_exercise(ZeroDivisionError("x")))
    assert "cannot be checked (ZeroDivisionError: x)" in said(capsys, 1)[0]


def test_without_a_run_it_says_so(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cell that opens one is named."""
    monkeypatch.setattr(checking, "opened_run", lambda: None)
    assert "no run is open" in said(capsys, 1)[0]


def test_an_unknown_exercise_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    checking.check("06.99", 1)
    assert "expected one of 06.1, 06.2" in capsys.readouterr().out
    checking.check("77.1", 1)
    assert "has no exercises" in capsys.readouterr().out
    checking.check(6.2, 1)  # type: ignore[arg-type]
    assert "such as '06.2'" in capsys.readouterr().out
    with pytest.raises(DermBookError):
        checking.find_exercise("06.99")


def test_a_question_is_checked_as_an_exercise_is(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line on what was chosen, hints that grow, dots that are no try; and for teachers."""
    monkeypatch.undo()
    monkeypatch.setattr(checking, "opened_run", lambda: run)
    monkeypatch.setattr(checking, "keeps_progress", lambda: True)
    checking.check("06.q1", ...)
    assert 'check("06.q1", "b")' in capsys.readouterr().out
    told = []
    for answer in ("a", "b", "c"):
        checking.check("06.q1", answer)
        told.append(capsys.readouterr().out.splitlines())
    assert told[0][0].startswith("06.q1: not yet: a) A row holds")
    hints = [sum(line.startswith("  Hint") for line in lines) for lines in told]
    assert hints == [1, 2, 0]
    assert told[2][0].startswith("06.q1: right. This is precision.")
    assert progress.Progress(run.folder / "progress.json").read()["06.q1"]["solved"]
    assert checking.right_choices("06.q1") == "c"
    with pytest.raises(DermBookError, match=r"06\.1: expected a question of a quiz"):
        checking.right_choices("06.1")


def test_a_batch_run_keeps_no_progress(
    run: SmallRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do the notebooks of solutions; a student's do."""
    monkeypatch.setattr(checking, "_tries", {})
    monkeypatch.setenv("DERMBOOK_CHAPTER", "06")
    said(capsys, 0.9)
    monkeypatch.delenv("DERMBOOK_CHAPTER")
    monkeypatch.setenv("JPY_SESSION_NAME", "/book/solutions/06_x.ipynb")
    assert len(said(capsys, 0.8)) == 3
    assert not list(run.folder.iterdir())
    monkeypatch.setenv("JPY_SESSION_NAME", "/book/exercises/06_x.ipynb")
    assert progress.keeps_progress()
    said(capsys, 0.8)
    assert (run.folder / "progress.json").is_file()
