"""A checkpoint comes back whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers.training.checkpoints import (
    ARRAYS,
    STATE,
    Checkpoint,
    load_best,
    load_checkpoint,
    remove_checkpoint,
)


def make_checkpoint(n_rows: int, best: int) -> Checkpoint:
    """A state after `n_rows` epochs, of which the one numbered `best` was best."""
    rng = np.random.default_rng(n_rows)
    rows = [{"epoch": epoch + 1, "val_loss": 1.0 / (epoch + 1)} for epoch in range(n_rows)]
    variables = [rng.normal(size=(3, 2)).astype("f4"), np.array(7, dtype="uint32")]
    return Checkpoint(
        rows=rows,
        best=rows[best - 1],
        variables=variables,
        optimizer=[np.array(5, dtype="int64"), rng.normal(size=(2, 3)).T, np.zeros((0, 2), "f2")],
        seconds=1.5,
    )


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """Arrays keep their bits and types; only the files of the last state are kept."""
    for n_rows, best, files in ((1, 1, 2), (2, 1, 3), (3, 3, 2), (4, 3, 3)):
        saved, whole = make_checkpoint(n_rows, best), make_checkpoint(n_rows, best)
        saved.save(tmp_path)
        assert not saved.variables and not saved.optimizer  # of no use in memory any more
        loaded = load_checkpoint(tmp_path)
        assert loaded is not None
        assert (loaded.rows, loaded.best, loaded.seconds) == (whole.rows, whole.best, 1.5)
        pairs = [
            (whole.variables, loaded.variables),
            (whole.optimizer, loaded.optimizer),
            (make_checkpoint(best, best).variables, load_best(tmp_path)),
        ]
        for expected, found in pairs:
            for old, new in zip(expected, found, strict=True):
                assert (old.dtype, old.shape) == (new.dtype, new.shape)
                np.testing.assert_array_equal(old, new)
        assert len(list(tmp_path.glob(f"*{ARRAYS}"))) == files


def test_best_is_written_once(tmp_path: Path) -> None:
    """An epoch that is not the best leaves the best one's file as it is."""
    make_checkpoint(1, 1).save(tmp_path)
    before = (tmp_path / f"model-1{ARRAYS}").stat()
    make_checkpoint(2, 1).save(tmp_path)
    after = (tmp_path / f"model-1{ARRAYS}").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_nothing_is_none(tmp_path: Path) -> None:
    """A folder without a state has no checkpoint, whatever else is in it."""
    (tmp_path / f"model-1{ARRAYS}").write_bytes(b"rest")
    assert load_checkpoint(tmp_path) is None
    with pytest.raises(ValueError, match="there is none"):
        load_best(tmp_path)


@pytest.mark.parametrize("damage", ["state", "bytes", "missing"])
def test_damage_is_named(tmp_path: Path, damage: str) -> None:
    """Changed bytes, a file that is gone and a broken state are told apart from no checkpoint."""
    make_checkpoint(1, 1).save(tmp_path)
    make_checkpoint(2, 1).save(tmp_path)
    path = tmp_path / f"model-2{ARRAYS}"
    if damage == "state":
        (tmp_path / STATE).write_text("{")
    elif damage == "bytes":
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    else:
        path.unlink()
    with pytest.raises(ValueError, match=STATE if damage == "state" else "model-2"):
        load_checkpoint(tmp_path)
    remove_checkpoint(tmp_path)
    assert load_checkpoint(tmp_path) is None
    assert not list(tmp_path.glob(f"*{ARRAYS}"))


def test_failed_write_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk is full in the middle, the epoch before is still there."""
    make_checkpoint(1, 1).save(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", full)
    with pytest.raises(Exception, match="No space left|disk is full"):
        make_checkpoint(2, 2).save(tmp_path)
    monkeypatch.undo()
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None and len(loaded.rows) == 1


def test_a_damaged_best_epoch_is_named(tmp_path: Path) -> None:
    """Its file is looked at when it is needed, and when the training goes on."""
    make_checkpoint(1, 1).save(tmp_path)
    make_checkpoint(2, 1).save(tmp_path)
    (tmp_path / f"model-1{ARRAYS}").write_bytes(b"else")
    for load in (load_best, load_checkpoint):
        with pytest.raises(ValueError, match="model-1.*checksum"):
            load(tmp_path)
