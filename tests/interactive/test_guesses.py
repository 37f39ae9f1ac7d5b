"""A guess is kept beside the run, once, and nothing of it is shown in a batch run."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.core import ROOT, DataError, read_json
from helpers.interactive import guesses, someone


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """What a guess needs of a run."""
    return SimpleNamespace(folder=tmp_path / "run", source=SimpleNamespace(drawn=True))


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Somebody is there, and this is what they are told."""
    told: list[str] = []
    monkeypatch.setattr(guesses, "can_show_controls", lambda: True)
    monkeypatch.setattr(guesses, "say", told.append)
    monkeypatch.setattr(guesses, "_show", lambda guess: told.append(f"asked: {guess.question}"))
    return told


def ask(run: Any, **kind: Any) -> guesses.Guess:
    """A question with three answers."""
    kind = kind or {"choices": ["mel", "nv", "df"]}
    return guesses.predict_first(run, "06.recall", "Which?", **kind)


def test_a_guess_is_kept_and_set_beside_the_result(run: Any, said: list[str]) -> None:
    """In a file beside the run; another kernel finds it; no second one before it is forgotten."""
    guess = ask(run)
    guesses.beside(run, "06.recall", "mel")
    with pytest.raises(ValueError, match="Choose one of mel, nv and df"):
        guess.commit("bcc")
    guess.commit("nv")
    assert [path.name for path in (run.folder / "guesses").iterdir()] == ["06.recall.json"]
    assert read_json(guess.path)["question"] == "Which?"
    with pytest.raises(ValueError, match=r'forget_guess\(run, "06.recall"\)'):
        guess.commit("mel")
    ask(run).beside("mel")
    guesses.forget_guess(run, "06.recall")
    ask(run).commit("mel")
    guesses.beside(run, "06.recall", "mel")
    assert [line for line in said if not line.startswith("asked")] == [
        "*Predict first:* no guess was made yet. Commit one above, where the chapter asks, and run "
        "this cell again.",
        "*Predict first:* You guessed **nv**; it is **mel**. Not what you guessed.",
        "*Predict first:* You guessed **mel**; it is **mel**. Right.",
    ]


def test_a_guess_of_another_question_is_told(run: Any, said: list[str]) -> None:
    """A profile with other models asks for other names."""
    ask(run).commit("nv")
    ask(run, choices=["mel", "df"]).beside("mel")
    assert "answers another question" in said[-1] and "forget_guess" in said[-1]


def test_a_damaged_guess_is_told_with_its_way_out(run: Any) -> None:
    """By its file's name, and how to be rid of it."""
    guess = ask(run)
    guess.commit("nv")
    for text in ("{", "[]", "{}"):
        guess.path.write_text(text)
        with pytest.raises(DataError, match=r"06\.recall\.json: expected a guess.*forget_guess"):
            guess.sentence("mel")
    guesses.forget_guess(run, "06.recall")
    assert guess.value is None


def test_a_question_with_one_answer_is_not_asked(run: Any, said: list[str]) -> None:
    """A profile may train one model alone."""
    ask(run, choices=["mel"]).beside("mel")
    assert said == []


def test_keys_and_unasked_questions_are_checked(run: Any) -> None:
    """A key becomes a file's name."""
    for key in ("recall", "06.Recall", "../06.recall", "06.recall/x", ""):
        with pytest.raises(ValueError, match="key: expected"):
            guesses.predict_first(run, key, "Which?", choices=["a", "b"])
    with pytest.raises(ValueError, match="no question '07.mass' was asked"):
        guesses.beside(run, "07.mass", 1)


@pytest.mark.parametrize(
    ("typed", "number"),
    [("60", 60), (" 60 % ", 60), ("60%", 60), ("−3.5", -3.5), ("", None), ("many", None)],
)
def test_a_number_is_read_as_it_is_typed(typed: str, number: float | None) -> None:
    """With or without its unit."""
    assert guesses._number(typed, "%") == number


def test_a_number_without_a_unit_is_read() -> None:
    """Nothing is taken off its end."""
    assert guesses._number("0.25", "") == 0.25


SHOWN = {"content": {"allow_stdin": True}}


@pytest.mark.parametrize(
    ("kernel", "chapter", "there"),
    [
        (SHOWN, None, True),
        (SHOWN, "06_confusion_matrix", False),
        ({"content": {"allow_stdin": False}}, None, False),
        ({}, None, False),
        (None, None, False),
    ],
)
def test_somebody_is_there_where_they_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, kernel: Any, chapter: str | None, there: bool
) -> None:
    """In a kernel whose program can ask for input; not in the report's runner, not in a script."""
    shell = SimpleNamespace(kernel=kernel and SimpleNamespace(get_parent=lambda channel: kernel))
    if kernel == {}:
        shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda channel: {}))
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    monkeypatch.delenv("DERMBOOK_CHAPTER", raising=False)
    if chapter:
        monkeypatch.setenv("DERMBOOK_CHAPTER", chapter)
    assert someone.someone_is_there() is there


def test_without_ipywidgets_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; and the chapter goes on."""
    told: list[str] = []
    monkeypatch.setattr(someone, "someone_is_there", lambda: True)
    monkeypatch.setattr(someone, "find_spec", lambda name: None)
    monkeypatch.setattr(someone, "say", told.append)
    monkeypatch.setattr(someone, "_told", set())
    assert [someone.can_show_controls() for _ in range(3)] == [False] * 3
    assert len(told) == 1 and "`make lab`" in told[0]


def test_a_batch_run_leaves_no_trace(tmp_path: Path) -> None:
    """In a real kernel, run as papermill and nbconvert do: no output, and nothing of ipywidgets."""
    source = """
import sys, types
from pathlib import Path
from helpers.interactive import someone
assert not someone.can_show_controls()
assert not any(name.startswith("ipywidgets") for name in sys.modules)
"""
    cell = nbformat.v4.new_code_cell(source)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    environment = {"PYTHONPATH": str(ROOT)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment["PYTHONPATH"])
        patch.delenv("DERMBOOK_CHAPTER", raising=False)
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    assert cell.outputs == []


def test_nothing_is_shown_or_loaded_for_nobody(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls of a chapter, in a script: no output, no file, no ipywidgets."""
    monkeypatch.setitem(sys.modules, "ipywidgets", None)  # to import it is an error
    monkeypatch.setattr(guesses, "say", lambda text: pytest.fail(text))
    guess = ask(run)
    guess.beside("mel")
    guesses.beside(run, "06.recall", "mel")
    assert not run.folder.exists()
