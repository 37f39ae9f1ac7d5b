"""Progress beside the run: counted, kept whole, and not lost with a damaged file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.core import write_json
from helpers.exercises import progress as module
from helpers.exercises.progress import Progress, progress_table


def record(folder: Path, *tries: tuple[str, bool, str]) -> Progress:
    """Count tries: exercise, solved, fingerprint; each as a new call would."""
    for one in tries:
        made = Progress(folder / "progress.json")
        made.record(*one)
    return made


def test_tries_are_counted_and_kept(tmp_path: Path) -> None:
    """Tries, wrong ones, when it was solved; solved stays solved."""
    record(tmp_path, ("06.1", False, "a"), ("06.1", False, "a"), ("06.1", True, "b"))
    record(tmp_path, ("06.1", False, "c"), ("06.2", True, "d"))
    entries = Progress(tmp_path / "progress.json").read()
    assert entries["06.1"] | {"when": ""} == {
        "tries": 3, "wrong": 2, "solved": True, "when": "", "last": "c",
    }  # fmt: skip
    assert entries["06.1"]["when"] and entries["06.2"]["solved"]
    table, notes = progress_table(tmp_path)
    row = table.set_index("exercise").loc["06.1"]
    assert (row["solved"], row["tries"], row["hints"]) == (True, 3, 2)
    assert not notes
    assert set(table["exercise"]) >= {f"06.{n}" for n in range(1, 6)} | {"06.q1", "06.q2"}
    assert not row["quiz"] and table.set_index("exercise").loc["06.q1", "quiz"]


@pytest.mark.parametrize(
    "damage", ["", "{", '{"exercises": {"06.1": {"tries": "x"}}}', "[]", "\udcff"]
)
def test_a_damaged_file_loses_nothing(tmp_path: Path, damage: str) -> None:
    """It is put aside, and the copy of the try before goes on."""
    record(tmp_path, ("06.1", True, "a"), ("06.2", False, "b"))
    path = tmp_path / "progress.json"
    path.write_bytes(damage.encode(errors="surrogateescape"))
    made = record(tmp_path, ("06.3", False, "c"))
    assert "was damaged" in made.notes[0]
    entries = Progress(path).read()
    assert entries["06.1"]["solved"] and "06.3" in entries
    aside = list(tmp_path.glob("progress-damaged-*.json"))
    assert [one.read_bytes() for one in aside] == [damage.encode(errors="surrogateescape")]


def test_a_damaged_file_without_a_copy_begins_anew(tmp_path: Path) -> None:
    """And says so; what was there lies beside it."""
    (tmp_path / "progress.json").write_text("{")
    made = record(tmp_path, ("06.1", False, "a"))
    assert "begins anew" in made.notes[0]
    assert len(list(tmp_path.glob("progress-damaged-*.json"))) == 1


def test_a_write_that_fails_is_told_and_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file keeps what it had; the try still counts in this process."""
    record(tmp_path, ("06.1", True, "a"))
    before = (tmp_path / "progress.json").read_bytes()

    def full(path: Path, value: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_json", full)
    made = Progress(tmp_path / "progress.json")
    assert made.record("06.2", False, "b") == 1
    assert "could not be kept" in made.notes[0]
    assert (tmp_path / "progress.json").read_bytes() == before


def test_entries_of_other_editions_stay(tmp_path: Path) -> None:
    """An exercise that is no more keeps its entry."""
    entry = {"tries": 1, "wrong": 0, "solved": True, "when": "x", "last": "y"}
    write_json(tmp_path / "progress.json", {"exercises": {"00.7": entry}})
    record(tmp_path, ("06.1", True, "a"))
    kept = json.loads((tmp_path / "progress.json").read_text(encoding="utf-8"))
    assert kept["exercises"]["00.7"] == entry
