"""The image store: right pixels, in order, whole or not there."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.core.errors import ConfigError, DataError
from helpers.core.files import cache_home, read_json, write_json
from helpers.dataset import image_store as images
from helpers.dataset.decoding import read_image
from helpers.dataset.image_store import (
    adopt_store,
    has_store,
    open_store,
    resize_image,
    store_key,
    store_record,
    verify_store,
)


@pytest.fixture
def few(tiny_catalogue: pd.DataFrame) -> pd.DataFrame:
    """Twelve images of the drawn sample."""
    return tiny_catalogue.head(12).reset_index(drop=True)


def test_store_holds_the_resized_images_in_order(few: pd.DataFrame) -> None:
    """Row i is image i, decoded and resized, with height before width."""
    store = open_store(few, (30, 40))
    assert store.images.shape == (12, 30, 40, 3)
    assert store.images.dtype == np.uint8
    for row in (0, 7, 11):
        expected = resize_image(read_image(few["path"][row]), (30, 40))
        np.testing.assert_array_equal(store.images[row], expected)


def test_take_finds_images_by_id(few: pd.DataFrame) -> None:
    """Images are found by id, in the order asked for."""
    store = open_store(few, (30, 40))
    ids = [few["image_id"][9], few["image_id"][2]]
    np.testing.assert_array_equal(store.take(ids), store.images[[9, 2]])
    with pytest.raises(DataError, match="ISIC_nowhere"):
        store.rows(["ISIC_nowhere"])


def test_store_is_built_once(few: pd.DataFrame) -> None:
    """A second call decodes nothing; another size is another store."""
    calls: list[int] = []
    first = open_store(few, (31, 41), progress=lambda done, total: calls.append(done))
    assert calls[-1] == 12
    again = open_store(few, (31, 41), progress=lambda done, total: calls.append(-1))
    assert again.path == first.path and -1 not in calls
    assert store_key(few, (31, 41)) != store_key(few, (41, 31))


def test_result_does_not_depend_on_workers(few: pd.DataFrame) -> None:
    """One thread and four write the same bytes."""
    one = open_store(few, (32, 40), workers=1)
    before = one.path.read_bytes()
    one.path.unlink()
    assert open_store(few, (32, 40), workers=4).path.read_bytes() == before


def test_cut_store_is_built_again(few: pd.DataFrame) -> None:
    """A file that lost its end is not taken for a store."""
    store = open_store(few, (33, 40))
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:-100])
    with pytest.warns(UserWarning, match="built again"):
        assert open_store(few, (33, 40)).path.read_bytes() == whole


def test_changed_byte_is_found_by_the_checksum(few: pd.DataFrame) -> None:
    """The recorded SHA-256 tells a changed store from a whole one."""
    store = open_store(few, (34, 40))
    assert verify_store(store)
    content = bytearray(store.path.read_bytes())
    content[-1] ^= 1
    store.path.write_bytes(content)
    assert not verify_store(store)


def test_unreadable_images_are_named_together(few: pd.DataFrame, tmp_path: Path) -> None:
    """All images that cannot be decoded are in one error, and no store is left."""
    bad = few.copy()
    for row in (1, 3):
        path = tmp_path / f"bad_{row}.jpg"
        path.write_bytes(b"not a picture")
        bad.loc[row, "path"] = str(path)
        bad.loc[row, "digest"] = f"{row:016d}"
    with pytest.raises(DataError) as caught:
        open_store(bad, (30, 40))
    assert len(caught.value.problems) == 2
    assert not (cache_home() / "stores" / f"{store_key(bad, (30, 40))}.npy").exists()


def test_silly_size_is_refused(few: pd.DataFrame) -> None:
    """A size of a few pixels is a mistake, not a store."""
    with pytest.raises(ConfigError, match="at least 8"):
        open_store(few, (4, 40))


def forget(path: Path) -> None:
    """Forget what this process knows of a store, as a new process would."""
    images._seen_whole.pop(path, None)


def test_changed_store_of_the_same_length_is_built_again(few: pd.DataFrame) -> None:
    """Bytes that changed are told by a warning and replaced; the second opening is silent."""
    store = open_store(few, (35, 40))
    whole = store.path.read_bytes()
    with open(store.path, "r+b") as file:
        file.seek(-50, os.SEEK_END)
        file.write(b"damage")
    with pytest.warns(UserWarning, match=r"\.npy: expected the bytes .* built again"):
        assert open_store(few, (35, 40)).path.read_bytes() == whole
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verify_store(open_store(few, (35, 40)))


@pytest.mark.parametrize("record", ["{", "[]", '{"bytes": 1}'])
def test_damaged_record_is_no_record(few: pd.DataFrame, record: str) -> None:
    """A store whose record cannot be read is built again, not a traceback."""
    store = open_store(few, (36, 40))
    images._record_path(store.path).write_text(record)
    with pytest.warns(UserWarning, match="built again"):
        assert verify_store(open_store(few, (36, 40)))


def test_a_store_is_compared_once_a_state(
    few: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are read when the file's state is new, and not again by any process."""
    store = open_store(few, (37, 40))
    read: list[Path] = []
    real = images.sha256_file
    monkeypatch.setattr(images, "sha256_file", lambda path: (read.append(path), real(path))[1])
    open_store(few, (37, 40))
    forget(store.path)
    open_store(few, (37, 40))
    assert read == []
    os.utime(store.path, ns=(1, 1))
    open_store(few, (37, 40))
    assert read == [store.path]
    forget(store.path)
    open_store(few, (37, 40))
    assert read == [store.path]


def test_a_cache_that_is_only_read_serves(
    few: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole store of a read-only cache is opened, and compared once a process."""
    store = open_store(few, (38, 40))
    record = images._record_path(store.path)
    write_json(record, {k: v for k, v in read_json(record).items() if k != "state"})
    read: list[Path] = []
    real = images.sha256_file

    def refuse(*args: object) -> None:
        raise ConfigError("read-only")

    monkeypatch.setattr(images, "write_json", refuse)
    monkeypatch.setattr(images, "writable", refuse)
    monkeypatch.setattr(images, "sha256_file", lambda path: (read.append(path), real(path))[1])
    for _ in range(3):
        open_store(few, (38, 40))
    assert read == [store.path]


def test_disk_that_gets_full_while_decoding(
    few: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails in a thread is one clear error, and no file of the store is left."""
    path = cache_home() / "stores" / f"{store_key(few, (39, 40))}.npy"
    real = os.pwrite
    calls: list[int] = []

    def full(descriptor: int, content: bytes, offset: int) -> int:
        calls.append(offset)
        if len(calls) > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, content, offset)

    monkeypatch.setattr(images.os, "pwrite", full)
    with pytest.raises(ConfigError, match=r"No space left.*make room.*DERMBOOK_HOME") as told:
        open_store(few, (39, 40))
    assert path.name in str(told.value)
    assert [p.name for p in path.parent.glob(f"*{path.stem}*")] == [f"{path.name}.lock"]
    monkeypatch.undo()
    assert verify_store(open_store(few, (39, 40)))


def test_a_write_that_is_cut_is_gone_on_with(
    few: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One system call may write only some of the bytes; the rest follows, not silence."""
    real = os.pwrite
    monkeypatch.setattr(images.os, "pwrite", lambda fd, b, at: real(fd, bytes(b[:1000]), at))
    store = open_store(few, (41, 40))
    monkeypatch.undo()
    for row in (0, 11):
        expected = resize_image(read_image(few["path"][row]), (41, 40))
        np.testing.assert_array_equal(store.images[row], expected)


def test_a_real_small_disk(
    few: pd.DataFrame, small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too large a store is refused before decoding, and while decoding where that is missed."""
    disk = small_disk("rw")
    monkeypatch.setenv("DERMBOOK_HOME", str(disk))
    with pytest.raises(ConfigError, match="MiB needed"):
        open_store(few, (200, 300))
    monkeypatch.setattr(images, "writable", lambda folder, n_bytes=0: folder)
    with pytest.raises(ConfigError, match=r"No space left.*DERMBOOK_HOME"):
        open_store(few, (200, 300))
    assert not [path for path in (disk / "stores").iterdir() if path.suffix != ".lock"]


def test_a_store_is_taken_over_from_another_machine(few: pd.DataFrame, tmp_path: Path) -> None:
    """Its bytes are compared with its record, and are asked for once; damage takes no name."""
    sent = open_store(few, (33, 41))
    record, path = store_record(sent.path), tmp_path / "stores" / sent.path.name
    content = sent.path.read_bytes()
    assert "state" not in record and not has_store(path, record)
    with pytest.raises(DataError, match="expected the image store that was sent"):
        adopt_store(path, record, [content[:-1]])
    assert not path.exists() and not has_store(path, record)
    adopt_store(path, record, (content[at : at + 1000] for at in range(0, len(content), 1000)))
    assert has_store(path, record) and path.read_bytes() == content
    adopt_store(path, record, iter([b"not asked for"]))
    assert not has_store(path, record | {"sha256": "another"})
