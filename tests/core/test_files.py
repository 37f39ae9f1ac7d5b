"""Files: written whole or not at all, and a disk that refuses is told with the way out."""

from __future__ import annotations

import errno
import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.core.errors import ConfigError, DataError
from helpers.core.files import (
    atomic_file,
    atomic_folder,
    folder_bytes,
    read_yaml,
    readable_bytes,
    told_write_errors,
    writable,
    write_json,
    write_problem,
)


@contextmanager
def file_limit(n_bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond `n_bytes`: a disk that refuses, without a disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test's own, not yet made."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_writable_folder_is_made_and_left_empty(home: Path) -> None:
    """The folder is there afterwards, and nothing of the trial writing is."""
    assert writable(home / "a" / "b") == home / "a" / "b"
    assert list((home / "a" / "b").iterdir()) == []


def test_a_cache_under_a_file_is_told(home: Path) -> None:
    """Where a file stands in the way, the error names it, DERMBOOK_HOME and the reason."""
    home.write_text("a file")
    for write in (
        lambda: writable(home / "stores"),
        lambda: write_json(home / "stores" / "x.json", {}),
        lambda: atomic_folder(home / "sources" / "x").__enter__(),
    ):
        with pytest.raises(ConfigError, match=r"expected.*Not a directory.*DERMBOOK_HOME") as told:
            write()
        assert str(home) in str(told.value)
    assert isinstance(write_problem(home), OSError)


def test_a_folder_of_results_does_not_blame_the_cache(home: Path, tmp_path: Path) -> None:
    """Outside the cache the way out is another folder, not DERMBOOK_HOME."""
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ConfigError, match="Not a directory.*choose a folder") as told:
            writable(folder)
        assert "DERMBOOK_HOME" not in str(told.value)


def test_too_little_room_is_told_before(home: Path) -> None:
    """More bytes than are free are refused, with both numbers."""
    with pytest.raises(ConfigError, match=r"DERMBOOK_HOME.*GiB needed, .* free"):
        writable(home, n_bytes=2**60)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_gets_full_leaves_nothing(home: Path, code: int) -> None:
    """A write that fails in the middle is one clear error; no name is left."""
    for atomic in (atomic_file, atomic_folder):
        with pytest.raises(ConfigError, match="DERMBOOK_HOME"), atomic(home / "x"):
            raise OSError(code, os.strerror(code))
    assert list(home.iterdir()) == []


def test_a_file_that_grows_too_large(home: Path) -> None:
    """The system's own refusal, from a limit on file sizes, is told the same way."""
    path = home / "x"
    told = pytest.raises(ConfigError, match="File too large")
    with file_limit(1000), told, atomic_file(path) as temporary:
        temporary.write_bytes(bytes(2000))
    assert list(home.iterdir()) == []


def test_other_errors_pass(home: Path, tmp_path: Path) -> None:
    """An unreadable input or a problem with data is not taken for a full disk."""
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError), atomic_file(home / "x"):
        (tmp_path / "file" / "input").read_bytes()
    with pytest.raises(PermissionError), told_write_errors(home):
        raise PermissionError(errno.EACCES, "denied", str(tmp_path / "other"))
    with pytest.raises(ConfigError), told_write_errors(home):
        raise PermissionError(errno.EACCES, "denied", str(home / "mine"))
    with pytest.raises(DataError), atomic_folder(home / "y"):
        raise DataError("bad")
    assert list(home.iterdir()) == []


def test_a_real_full_disk(
    small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk of one MiB, two MiB fail, leave nothing, and are told; so does a full disk."""
    disk = small_disk("rw")
    monkeypatch.setenv("DERMBOOK_HOME", str(disk))
    told = pytest.raises(ConfigError, match="No space left.*make room.*DERMBOOK_HOME")
    with told, atomic_file(disk / "x") as temporary:
        temporary.write_bytes(bytes(2**21))
    assert list(disk.iterdir()) == []
    (disk / "filler").write_bytes(bytes(2**20 - 4096 * 4))
    with pytest.raises(OSError), open(disk / "rest", "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with pytest.raises(ConfigError, match="No space left"):
        writable(disk)


def test_a_real_read_only_disk(
    small_disk: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only file system binds even the superuser."""
    disk = small_disk("ro")
    monkeypatch.setenv("DERMBOOK_HOME", str(disk / "cache"))
    with pytest.raises(ConfigError, match="Read-only file system.*DERMBOOK_HOME"):
        writable(disk / "cache")
    with pytest.raises(ConfigError, match="Read-only file system"):
        write_json(disk / "x.json", {})


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Permissions do not bind the superuser: be somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without write permission is told, and what to do."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own is closed to other users
        monkeypatch.setenv("DERMBOOK_HOME", name)
        os.chmod(name, 0o555)
        told = r"Permission denied.*DERMBOOK_HOME"
        with ordinary_user():
            with pytest.raises(ConfigError, match=told):
                writable(name)
            with pytest.raises(ConfigError, match=told):
                writable(Path(name) / "stores")
            with pytest.raises(ConfigError, match=told):
                write_json(Path(name) / "x.json", {})
        os.chmod(name, 0o755)


def test_bytes_of_a_folder(tmp_path: Path) -> None:
    """Files of all depths count; a link counts as itself."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(1000))
    (tmp_path / "c").write_bytes(bytes(24))
    assert folder_bytes(tmp_path) == 1024
    assert readable_bytes(1000) == "1.0 KiB" and readable_bytes(3 * 2**30) == "3.00 GiB"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name: \x92", "UTF-8"),
        (b"name: [1, 2", "line 1"),
        (b"- 1\n- 2\n", "got list"),
        (b"", "got NoneType"),
        (b"name: \x00", "character"),
    ],
)
def test_a_file_that_is_no_yaml_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    """Whatever its bytes are, the error names the file and what was expected of it."""
    path = tmp_path / "mine.yml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"(?s)mine\.yml: expected YAML of a recipe.*{told}"):
        read_yaml(path, "a recipe")
    path.unlink()
    with pytest.raises(ConfigError, match=r"mine\.yml: expected a YAML file of a recipe; No such"):
        read_yaml(path, "a recipe")
