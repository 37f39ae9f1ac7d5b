"""Checkpoints in a storage: the last whole one comes back, whatever happens meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers.core.files import write_json
from helpers.training.checkpoints import Checkpoint, load_checkpoint
from helpers.training.cluster import kept
from helpers.training.cluster.kept import bring_back, epochs_in, forget, keep, kept_epochs
from helpers.training.cluster.storage import FolderStorage


def save(work: Path, epochs: int) -> None:
    """A checkpoint after so many epochs, with a log of each."""
    rows = [{"epoch": number + 1, "stage": 1} for number in range(epochs)]
    checkpoint = Checkpoint(rows, rows[0], [np.full(5, epochs)], [np.full(2, epochs)], 1.0)
    if epochs > 1 and not (work / "state.json").exists():
        save(work, 1)
    checkpoint.save(work)
    (work / "tensorboard").mkdir(exist_ok=True)
    (work / "tensorboard" / f"log-{epochs}").write_bytes(b"log")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work folder with two epochs."""
    folder = tmp_path / "here" / "key.work"
    folder.mkdir(parents=True)
    save(folder, 2)
    return folder


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    """An empty storage."""
    return FolderStorage(tmp_path / "kept")


def test_another_machine_goes_on_from_it(work: Path, storage: FolderStorage) -> None:
    """With the same arrays, best epoch, logs and memory steps; the storage holds nothing old."""
    write_json(work / "memory.json", [{"micro_batch": 8}])
    assert keep(storage, "key", work) == 2
    save(work, 3)
    assert keep(storage, "key", work) == kept_epochs(storage, "key") == 3
    there = work.parents[1] / "there" / "key.work"
    there.mkdir(parents=True)
    assert bring_back(storage, "key", there) == epochs_in(there) == 3
    found = load_checkpoint(there)
    assert found is not None and found.best == {"epoch": 1, "stage": 1}
    assert next(iter(found.variables)).tolist() == [3] * 5
    assert (there / "memory.json").read_bytes() == (work / "memory.json").read_bytes()
    assert (there / "tensorboard" / "log-3").exists()
    assert len(storage.names("key")) == len({*kept._record(storage, "key")["files"].values()}) + 1
    assert not list(work.parent.glob(".*"))
    forget(storage, "key")
    assert storage.names("key") == [] and kept_epochs(storage, "key") == 0


def test_what_is_newer_here_stays(work: Path, storage: FolderStorage) -> None:
    """An older checkpoint neither replaces one here nor one in the storage."""
    keep(storage, "key", work)
    save(work, 3)
    assert bring_back(storage, "key", work) == 3
    older = work.parent / "older.work"
    older.mkdir()
    save(older, 1)
    assert keep(storage, "key", older) == 2


def test_an_epoch_that_ends_meanwhile_is_kept_instead(
    work: Path, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Array files that vanish between reading the state and linking them do no harm."""
    link, ended = kept.os.link, []

    def next_epoch(source: Path, target: Path) -> None:
        if not ended:
            ended.append(True)
            save(work, 3)  # which removes the files of the epoch before
        link(source, target)

    monkeypatch.setattr(kept.os, "link", next_epoch)
    assert keep(storage, "key", work) == 3
    assert ended


def test_a_training_that_has_ended_has_nothing_to_keep(work: Path, storage: FolderStorage) -> None:
    """The checkpoint before stays."""
    keep(storage, "key", work)
    (work / "state.json").unlink()
    assert keep(storage, "key", work) == 2


def test_a_machine_that_dies_while_it_copies(
    work: Path, storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint before can still be gone on from."""
    keep(storage, "key", work)
    save(work, 3)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(storage, "write", die)
        keep(storage, "key", work)
    there = work.parent / "there.work"
    there.mkdir()
    assert bring_back(storage, "key", there) == 2
    assert load_checkpoint(there) is not None


def test_damage_is_told(work: Path, storage: FolderStorage) -> None:
    """Changed bytes are not taken for a checkpoint, and leave no state."""
    keep(storage, "key", work)
    for path in (storage.folder / "key").iterdir():
        if path.name != "kept.json":
            path.write_bytes(path.read_bytes() + b"x")
    there = work.parent / "there.work"
    there.mkdir()
    with pytest.raises(ValueError, match="does not have its checksum"):
        bring_back(storage, "key", there)
    assert epochs_in(there) == 0
    (storage.folder / "key" / "kept.json").write_text('{"epochs": 9}')
    assert kept_epochs(storage, "key") == 0
