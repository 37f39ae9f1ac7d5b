"""Pruning: what nobody needs goes, whole, and nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.small_trials import held, set_age, write_trial, write_work
from typer.testing import CliRunner

from helpers.cli import main as cli
from helpers.core.errors import ConfigError, DataError
from helpers.core.files import folder_bytes
from helpers.training import pruning as trial_pruning
from helpers.training.cache import list_trials, trials_folder
from helpers.training.pruning import Removal, keys_of_runs, plan_pruning, remove


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with two good trials, a damaged, an unfinished and an old one."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path / "home"))
    place = trials_folder()
    write_trial(place, "good-new")
    write_trial(place, "good-old", age=40)
    write_trial(place, "old-engine", engine=1)
    (write_trial(place, "damaged-aa") / "history.csv").unlink()
    write_work(place, "unfinished-aa", rows=1)
    return place


def plan(**options: Any) -> dict[str, str]:
    """Reason by name of what would go."""
    return {item.path.name: item.reason for item in plan_pruning(list_trials(), **options)}


def call(*arguments: str) -> Any:
    """Call ``dermbook trials prune``."""
    return CliRunner().invoke(cli.app, ["trials", "prune", *arguments], env={"COLUMNS": "200"})


def write_run(runs: Path, *keys: str) -> Path:
    """Write a run that names trials, and return the folder of runs."""
    path = runs / "quick" / "trials" / "04_x.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{"name": "x", "key": key} for key in keys]))
    return runs


def test_what_can_go(folder: Path) -> None:
    """Damaged, unfinished and older ones; finished ones only by age."""
    going = plan()
    assert set(going) == {"damaged-aa", "unfinished-aa.work", "old-engine"}
    assert going["old-engine"].startswith("engine 1, not")
    assert plan(older_than=30)["good-old"] == "40 days old"
    assert "good-old" not in plan(older_than=50) and "good-new" not in plan(older_than=1)


def test_trials_of_runs_stay(folder: Path, tmp_path: Path) -> None:
    """Whatever a run names stays, even damaged; a folder of runs or one run may be given."""
    runs = write_run(tmp_path / "runs", "good-old", "damaged-aa")
    keep = keys_of_runs(runs)
    assert keep == keys_of_runs(runs / "quick") == {"good-old", "damaged-aa"}
    assert set(plan(older_than=0.5, keep=keep)) == {"unfinished-aa.work", "old-engine"}


def test_runs_that_cannot_be_read_stop_everything(folder: Path, tmp_path: Path) -> None:
    """A wrong folder would keep nothing, a broken list might name anything: both are errors."""
    with pytest.raises(ConfigError, match="found none"):
        keys_of_runs(tmp_path / "typo")
    runs = write_run(tmp_path / "runs", "good-old")
    (runs / "quick" / "trials" / "05_y.json").write_text("[{")
    with pytest.raises(DataError, match="05_y.json"):
        keys_of_runs(runs)
    before = folder_bytes(folder)
    for wrong in ("typo", "runs"):
        assert call("--keep-runs", str(tmp_path / wrong), "--yes").exit_code == 1
    assert folder_bytes(folder) == before


def test_shown_first_removed_with_yes(folder: Path) -> None:
    """Without --yes nothing changes; with it the same things go, and the bytes are right."""
    items = plan_pruning(list_trials())
    before = folder_bytes(folder)
    shown = call()
    assert shown.exit_code == 0 and "--yes removes" in shown.output
    assert all(item.path.name in shown.output for item in items)
    assert folder_bytes(folder) == before
    assert "freed." in call("--yes").output
    assert before - folder_bytes(folder) == sum(item.bytes for item in items)
    assert {trial.key for trial in list_trials()} == {"good-new", "good-old"}
    assert all(trial.state == "finished" for trial in list_trials())
    assert "Nothing to remove" in call("--yes").output


def test_what_is_trained_stays(folder: Path) -> None:
    """A lock that another process holds keeps a trial, when planning and when removing."""
    planned = plan_pruning(list_trials())
    with held(folder / "unfinished-aa.lock"):
        assert "unfinished-aa.work" not in plan()
        _, left = remove(planned)
        assert [item.path.name for item in left] == ["unfinished-aa.work"]
        assert (folder / "unfinished-aa.work" / "state.json").exists()
    assert not (folder / "damaged-aa").exists()


def test_what_was_made_whole_meanwhile_stays(folder: Path) -> None:
    """A damaged trial that was trained again after the planning is not removed."""
    planned = [item for item in plan_pruning(list_trials()) if item.reason == "damaged"]
    (folder / "damaged-aa" / "history.csv").write_bytes(bytes(200))
    freed, left = remove(planned)
    assert (freed, left) == (0, planned) and (folder / "damaged-aa").exists()


def test_an_interrupted_removal_leaves_no_half_trial(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was being removed has lost its name already; the next pruning takes the rest."""

    def interrupt(path: Path) -> None:
        next(iter(path.iterdir())).unlink()
        raise KeyboardInterrupt

    planned = [item for item in plan_pruning(list_trials(), older_than=1) if "days" in item.reason]
    monkeypatch.setattr(trial_pruning.shutil, "rmtree", interrupt)
    with pytest.raises(KeyboardInterrupt):
        remove(planned)
    monkeypatch.undo()
    monkeypatch.setenv("DERMBOOK_HOME", str(folder.parent))
    assert not (folder / "good-old").exists()
    rest = [path for path in folder.iterdir() if ".removed-" in path.name]
    assert len(rest) == 1 and rest[0].name.startswith(".")
    assert plan()[rest[0].name] == "left over"
    call("--yes")
    assert not rest[0].exists()


def test_tables_and_temporary_names(folder: Path) -> None:
    """A table goes with its trial, and a temporary name by itself, but only after a day."""
    for name in ("good-new.parquet", "old-engine.parquet", "nobody-aa.parquet", ".x.1.tmp"):
        (folder / name).write_bytes(b"1234")
        set_age(folder / name, 2)
    (folder / "fresh-aa.parquet").write_bytes(b"1234")
    (folder / ".y.1.tmp").write_bytes(b"1234")
    going = plan()
    assert {name for name, reason in going.items() if reason == "table of no trial"} == {
        "old-engine.parquet",
        "nobody-aa.parquet",
    }
    assert [name for name, reason in going.items() if reason == "left over"] == [".x.1.tmp"]
    with held(folder / "unfinished-aa.lock"):  # that run may train from any of them
        assert "nobody-aa.parquet" not in plan()
    assert "old-engine.parquet" not in plan(keep={"old-engine"})


def test_what_a_machine_left(folder: Path) -> None:
    """Work of a trial sent to a machine that died goes after a day without a word, lock held."""
    place = folder.parent / "working" / "node-7" / "sent-aa"
    work = write_work(place, "sent-aa", rows=2)
    (place / "sent-aa.lock").touch()
    assert "sent-aa" not in plan()
    for path in (*work.iterdir(), work, place):
        set_age(path, 2)
    with held(place / "sent-aa.lock"):
        assert "sent-aa" not in plan()
    assert plan()["sent-aa"] == "left by node-7" == plan()["sent-aa"]  # looking is no writing
    removals = [item for item in plan_pruning(list_trials()) if item.key == "sent-aa"]
    assert remove(removals) == (removals[0].bytes, []) and removals[0].bytes > 0
    assert not place.exists() and "sent-aa" not in plan()


def test_a_cache_that_cannot_be_written(
    small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read-only: the list still works, and removing is one clear error."""
    disk = small_disk("rw")
    monkeypatch.setenv("DERMBOOK_HOME", str(disk))
    trial = write_trial(trials_folder(), "old-engine", engine=1)
    (trials_folder() / "old-engine.lock").touch()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert [found.state for found in list_trials()] == ["finished"]
    with pytest.raises(ConfigError, match=r"Read-only file system.*DERMBOOK_HOME"):
        remove([Removal(trial, "old-engine", "x", 1)])
