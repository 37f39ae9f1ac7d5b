"""What exercises take from a run, and what is said where it is not there."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from support.scored_trials import make_config

from helpers.core import sha256_file, write_json
from helpers.dataset import write_split
from helpers.exercises import of_run
from helpers.exercises.exercise import NotHere
from helpers.exercises.of_run import (
    NotRunYet,
    command_for,
    finished_trials,
    number,
    once,
    quoted_number,
)
from helpers.notebook import Run, open_run, opened_run


@pytest.fixture
def run(tiny_folder: Path, tmp_path: Path) -> Run:
    """A run of which nothing was computed yet."""
    return open_run("smoke", source=tiny_folder, folder=tmp_path / "mine")


def test_the_run_opened_last_is_the_open_one(run: Run, tmp_path: Path) -> None:
    """A check asks no student for it."""
    assert opened_run() is run
    again = open_run("smoke", source=run.source.folder, folder=tmp_path / "other")
    assert opened_run() is again


def test_what_is_not_trained_is_not_trained(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the command, with what the run was opened with."""
    monkeypatch.setattr(of_run, "find_trial", lambda config, catalogue: None)
    run.source = replace(run.source, name="pictures")
    with pytest.raises(NotRunYet, match="2 of 2 models of chapter 06 are not trained yet") as told:
        finished_trials(run, "comparison", "06")
    command = command_for(run, "06")
    assert command == (
        f"dermbook report smoke --run mine --source {run.source.folder} --chapters 06"
    )
    assert command in str(told.value)
    lines = told.value._render_traceback_()
    assert " ".join(" ".join(lines).split()) == f"NotRunYet: {told.value}"


def test_trials_come_from_the_cache_in_order(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked for once; a catalogue for each, where they have their own."""
    asked: list[object] = []

    def find(config: object, catalogue: object) -> tuple[object, object]:
        asked.append(catalogue)
        return config, catalogue

    monkeypatch.setattr(of_run, "find_trial", find)
    configs = [make_config("a"), make_config("b")]
    found = finished_trials(run, configs, "06")
    assert [one[0] for one in found] == configs  # type: ignore[index]
    assert finished_trials(run, configs, "06") is found
    assert len(asked) == 2
    tables = [run.catalogue(), run.catalogue("image")]
    finished_trials(run, configs, "06", catalogue=tables)
    assert asked[2] is tables[0] and asked[3] is tables[1]


def test_a_number_is_the_one_that_was_quoted(run: Run) -> None:
    """By chapter and key, in whole precision."""
    write_json(run.folder / "numbers" / "04_x.json", [{"key": "k", "text": "0.3", "value": 1 / 3}])
    assert number(run, "04", "k") == 1 / 3
    for chapter, key in (("04", "other"), ("05", "k")):
        with pytest.raises(NotRunYet, match=f"--chapters {chapter}"):
            number(run, chapter, key)


def test_once_is_for_each_run(run: Run, tmp_path: Path) -> None:
    """What was computed for one run is not another's."""
    other = open_run("smoke", source=run.source.folder, folder=tmp_path / "other")
    assert [once(run, "k", lambda: 1), once(run, "k", lambda: 2), once(other, "k", lambda: 3)] == [
        1,
        1,
        3,
    ]


def test_exercises_write_over_nothing_of_their_chapter(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notebook has the chapter's name; its numbers go elsewhere, and are not the chapter's."""
    monkeypatch.delenv("DERMBOOK_CHAPTER", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", "/book/exercises/06_confusion_matrix.ipynb")
    opened = open_run("smoke", source=run.source.folder, folder=tmp_path / "mine")
    opened.quote("k", 1)
    names = [path.name for path in (opened.folder / "numbers").iterdir()]
    assert names == ["exercises-06_confusion_matrix.json"]
    with pytest.raises(NotRunYet):
        number(opened, "06", "k")


def test_the_command_has_all_that_the_run_was_opened_with(run: Run, tmp_path: Path) -> None:
    """What it would make without is another run, which answers nothing here."""
    split = write_split(run.catalogue(), tmp_path / "my split.csv")
    options = {"source": run.source.folder, "folder": tmp_path / "mine"}
    command = command_for(open_run("smoke", max_images=60, seed=3, **options), "04")
    assert "--max-images 60 --seed 3 --chapters 04" in command
    words = shlex.split(command_for(open_run("smoke", split_file=split, **options), "04"))
    assert words[words.index("--split") + 1] == str(split)


@pytest.mark.parametrize("other", [{"max_images": 60}, {"seed": 1}])
def test_numbers_of_another_run_answer_nothing(
    run: Run, other: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message says what the folder holds and what was opened; the run itself is read."""
    write_json(run.folder / "numbers" / "04_x.json", [{"key": "k", "text": "1", "value": 1}])
    n_images = len(run.catalogue())  # and so the run's folder says what it is made of
    assert number(run, "04", "k") == 1
    opened = open_run("smoke", source=run.source.folder, folder=run.folder, **other)
    opened._chapter = "exercises-04_x"
    told = (
        rf"holds a run of profile smoke on .*, {n_images} images divided by seed 0, and .* one of"
    )
    with pytest.raises(NotRunYet, match=told):
        number(opened, "04", "k")
    with pytest.raises(NotRunYet, match=told):  # and not that it has no such number
        quoted_number(opened, "04", "other")
    monkeypatch.setattr(of_run, "find_trial", lambda config, catalogue: None)
    with pytest.raises(NotRunYet, match=told):  # and not a command that would write over it
        finished_trials(opened, "comparison", "06")


def test_numbers_of_another_profile_answer_nothing(run: Run) -> None:
    """The manifest says whose they are, where the images are the same."""
    run.catalogue()
    write_json(run.folder / "numbers" / "04_x.json", [{"key": "k", "text": "1", "value": 1}])
    write_json(run.folder / "manifest.json", {"configuration": {"profile": {"name": "quick"}}})
    with pytest.raises(NotRunYet, match="holds a run of profile quick .* opened one of .* smoke"):
        number(run, "04", "k")
    write_json(run.folder / "manifest.json", {"configuration": {"profile": {"name": "smoke"}}})
    assert number(run, "04", "k") == 1


def test_a_chapter_that_broke_off_is_to_be_run(run: Run) -> None:
    """What it would have quoted is not what the run lacks; only a whole chapter says that."""
    numbers = run.folder / "numbers" / "04_x.json"
    write_json(numbers, [{"key": "k", "text": "1", "value": 1}])
    with pytest.raises(NotRunYet, match="no number 'cut' of chapter 04: run 'dermbook report"):
        quoted_number(run, "04", "cut")
    state = run.folder / "state" / "04_x.json"
    write_json(state, {"sha256": {"numbers": sha256_file(numbers)}})
    with pytest.raises(NotHere, match="chapter 04 gives no number 'cut'"):
        quoted_number(run, "04", "cut")
    write_json(numbers, [])  # begun again, and broken off
    with pytest.raises(NotRunYet):
        quoted_number(run, "04", "cut")
