"""``dermbook exercises`` and ``dermbook progress``: what they print, how they end."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpers import exercises as room
from helpers.cli import exercises as module
from helpers.cli import main as cli
from helpers.core.errors import ConfigError
from helpers.exercises.progress import Progress


def call(*arguments: str):
    """Call ``dermbook`` with arguments."""
    return CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})


def test_exercises_are_listed() -> None:
    """With their kind and title."""
    result = call("exercises")
    assert result.exit_code == 0
    assert any(
        line.split()[:2] == ["06.1", "read"] and "Recall of melanoma" in line
        for line in result.stdout.splitlines()
    )
    assert any(line.split()[:2] == ["06.q1", "choose"] for line in result.stdout.splitlines())


def test_what_is_out_of_step_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--check`` fails with the notebook's name, and passes where nothing is."""
    assert call("exercises", "--check").exit_code == 0
    monkeypatch.setattr(room, "out_of_step", lambda: ["exercises/06_x.ipynb"])
    with pytest.raises(ConfigError, match=r"exercises/06_x\.ipynb.*--write"):
        module.exercises(write=False, check=True)
    assert call("exercises", "--check").exit_code == 1
    assert call("exercises", "--check", "--write").exit_code == 1


def test_progress_is_shown_by_chapter_and_exercise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Solved, the quiz apart, tries, hints; where there is no such run, those that there are."""
    monkeypatch.setattr(module, "ROOT", tmp_path)
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    for solved, fingerprint in ((False, "a"), (True, "b")):
        Progress(folder / "progress.json").record("06.1", solved, fingerprint)
    Progress(folder / "progress.json").record("06.q2", True, "c")
    shown = call("progress", "--run", "mine").stdout.splitlines()
    assert any(
        line.split() == [*["06", "1", "of", "5", "1", "of", "4", "3", "1"]] for line in shown
    )
    rows = call("progress", "--run", "mine", "--all").stdout.splitlines()
    assert any(line.startswith("06.1") and line.split()[-2:] == ["2", "1"] for line in rows)
    assert any(line.startswith("06.q2") and line.split()[-2:] == ["1", "0"] for line in rows)
    (folder / "progress.json").write_text("{")
    assert "damaged" in call("progress", "--run", "mine").stdout
    with pytest.raises(ConfigError, match="expected one of mine"):
        module.progress(run="other", every=False)
