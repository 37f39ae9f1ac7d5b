"""The cache of trials: what lies in it is told as it is."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.small_trials import held, set_age, write_trial, write_work
from typer.testing import CliRunner

from helpers.cli import main as cli
from helpers.core.errors import ConfigError
from helpers.training.cache import (
    details_table,
    find_cached,
    is_locked,
    list_trials,
    trials_folder,
    trials_table,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trials of a cache of this test's own."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path / "home"))
    trials_folder().mkdir(parents=True)
    return trials_folder()


def call(*arguments: str) -> Any:
    """Call ``dermbook trials``."""
    return CliRunner().invoke(cli.app, ["trials", *arguments], env={"COLUMNS": "200"})


def test_no_cache_is_an_empty_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first training there is nothing, and looking makes nothing."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path / "nowhere"))
    assert list_trials() == []
    result = call()
    assert result.exit_code == 0 and "0 trials" in result.output
    assert not (tmp_path / "nowhere").exists()


def test_states_of_trials(folder: Path) -> None:
    """Finished, damaged and unfinished ones are told apart; other files are no trials."""
    write_trial(folder, "resnet50-aa", name="Trial 1", age=3)
    damaged = write_trial(folder, "vgg16-bb", age=2)
    (damaged / "model.keras").write_bytes(b"other bytes")
    write_work(folder, "mobilenet-cc", rows=2)
    broken = write_trial(folder, "xception-dd")
    (broken / "trial.json").write_text("[]")
    set_age(broken / "trial.json", 1)
    (folder / "resnet50-aa.parquet").write_bytes(b"table")
    (folder / ".vgg16-ee.removed-1").mkdir()
    trials = list_trials()
    assert [(trial.key, trial.state) for trial in trials] == [
        ("mobilenet-cc", "unfinished"),
        ("xception-dd", "damaged"),
        ("vgg16-bb", "damaged"),
        ("resnet50-aa", "finished"),
    ]
    finished = next(trial for trial in trials if trial.state == "finished")
    assert (finished.name, finished.backbone, finished.epochs) == ("Trial 1", "ResNet50", 4)
    assert finished.score == 0.5 and not finished.is_old
    assert finished.bytes == sum(path.stat().st_size for path in finished.folder.iterdir())


@pytest.mark.parametrize("text", ["[]", "3", '{"sha256": []}', '{"sha256": {"model.keras": 1}}'])
def test_records_of_another_kind(folder: Path, text: str) -> None:
    """JSON that is no trial's record makes a damaged trial, which is listed and shown."""
    (write_trial(folder, "resnet50-aa") / "trial.json").write_text(text)
    assert list_trials()[0].state == "damaged"
    assert (
        call().exit_code == call("show", "resnet50-aa").exit_code == call("--json").exit_code == 0
    )


@pytest.mark.parametrize("rows", [None, 0, 3])
def test_epochs_of_an_unfinished_trial(folder: Path, rows: int | None) -> None:
    """The checkpoint tells; without one, the history does; without both, none are done."""
    work = write_work(folder, "mobilenet-cc", rows=rows)
    assert list_trials()[0].epochs == (rows or 0)
    (work / "state.json").unlink(missing_ok=True)
    (work / "history.csv").write_text("epoch,loss\n1,2.0\n")
    assert list_trials()[0].epochs == 1
    (work / "state.json").write_text("{ half")
    assert list_trials()[0].epochs == 1


def test_a_trial_in_training(folder: Path) -> None:
    """Whoever holds the lock trains; a lock file that nobody holds says nothing."""
    write_work(folder, "mobilenet-cc", rows=1)
    lock = folder / "mobilenet-cc.lock"
    assert not is_locked(folder, "mobilenet-cc") and not lock.exists()
    with held(lock):
        trial = list_trials()[0]
        assert trial.in_training and trial.mark == "in training"
    assert lock.exists() and not list_trials()[0].in_training


def test_trials_are_found_by_key_name_or_beginning(folder: Path) -> None:
    """An exact key or name wins over beginnings; more than one is an error that lists them."""
    write_trial(folder, "resnet50-aa", name="Trial")
    write_trial(folder, "resnet50-ab", name="Trial 2")
    assert find_cached("resnet50-aa").key == "resnet50-aa"
    assert find_cached("Trial").key == "resnet50-aa"
    assert find_cached("Trial ").key == "resnet50-ab"
    with pytest.raises(ConfigError, match=r"(?s)got 2.*resnet50-aa.*resnet50-ab|resnet50-ab.*aa"):
        find_cached("resnet50-a")
    for nothing in ("vgg", ""):
        with pytest.raises(ConfigError, match=r"(?s)beginning of one; there are.*Trial 2"):
            find_cached(nothing)


def test_the_list_on_the_command_line(folder: Path) -> None:
    """Each trial is a row that is not cut, also into a pipe; --json is a list with all facts."""
    key = "inceptionresnetv2-0123456789abcdef"
    write_trial(folder, key, name="[bold] name", backbone="InceptionResNetV2", engine=1)
    output = CliRunner().invoke(cli.app, ["trials"], env={"COLUMNS": "80"}).output
    row = next(line for line in output.splitlines() if key in line)
    assert "[bold] name" in row and "older engine" in row and "48 x 32" in row and "0.500" in row
    facts = json.loads(call("--json").output)
    assert [fact["key"] for fact in facts] == [key]
    assert facts[0]["older_engine"] and facts[0]["image_size"] == [32, 48]
    assert facts[0]["finished"].endswith("+00:00")


def test_a_narrow_terminal_gets_whole_keys(folder: Path) -> None:
    """In 80 letters the name, score and whole key are there."""
    key = "inceptionresnetv2-0123456789abcdef"
    write_trial(folder, key, name="InceptionResNetV2", backbone="InceptionResNetV2", engine=1)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(trials_table(list_trials(), narrow=True))
    text = console.export_text()
    assert key in text and "0.500" in text and "Inception" in text


def test_one_trial_is_shown(folder: Path) -> None:
    """Configuration, seconds by phase, images a second, memory with its steps, and scores."""
    steps = [{"micro_batch": 8, "accumulation": 2, "reason": "out of memory"}]
    write_trial(folder, "resnet50-aa", memory_steps=steps, device_memory_mb=2048.0)
    output = call("show", "resnet").output
    for text in ("ResNet50", "predict_and_save", "12.5", "1.50 GiB", "2.00 GiB", "micro_batch 8"):
        assert text in output
    assert json.loads(call("show", "resnet", "--json").output)["record"]["memory_steps"] == steps
    result = call("show", "nothing")
    assert result.exit_code == 1 and "expected a key or name" in result.stderr


def test_damaged_and_unfinished_trials_can_be_shown(folder: Path) -> None:
    """What is not there is left out, without a traceback."""
    write_work(folder, "mobilenet-cc", rows=2)
    (folder / "vgg16-bb").mkdir()
    for key, state in (("mobilenet-cc", "unfinished"), ("vgg16-bb", "damaged")):
        assert state in call("show", key).output
        details_table(find_cached(key))


def test_a_trial_that_was_trained_here(folder: Path) -> None:
    """The stand-ins of these tests have the fields that a training writes."""
    from helpers.training import record as trial_record

    record = json.loads((write_trial(folder, "resnet50-aa") / "trial.json").read_text())
    source = Path(trial_record.__file__).read_text(encoding="utf-8")
    assert [name for name in record if f'"{name}"' not in source] == []
