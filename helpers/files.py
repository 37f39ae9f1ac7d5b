"""Files: the cache folder, atomic writes, checksums, and reading from folders and archives."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

ARCHIVE_MARK = "::"
"""Separates an archive from its member in a locator, as in ``images.zip::ISIC_1.jpg``."""


def cache_home() -> Path:
    """Folder of downloads, drawn samples, image stores and trials.

    Returns
    -------
    Path
        ``$DERMBOOK_HOME`` where it is set, else the user's cache folder of the platform.
    """
    home = os.environ.get("DERMBOOK_HOME")
    return Path(home).expanduser() if home else Path(platformdirs.user_cache_dir("dermbook"))


def _temporary_beside(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp{path.suffix}")


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Write a file so that its final name only ever shows a finished one.

    Parameters
    ----------
    path : str or Path
        The final name; its folder is made where it is missing.

    Yields
    ------
    Path
        A temporary name in the same folder, with the same suffix. It takes the final name
        when the block ends, and is removed when the block raises.
    """
    path = Path(path)
    temporary = _temporary_beside(path)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Fill a folder so that its final name only ever shows a finished one.

    Parameters
    ----------
    path : str or Path
        The final name. What stood there before is replaced when the block ends.

    Yields
    ------
    Path
        An empty temporary folder beside it, removed when the block raises.
    """
    path = Path(path)
    temporary = _temporary_beside(path)
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented UTF-8 JSON, atomically."""
    with atomic_file(path) as temporary:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read a UTF-8 JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def digest(value: Any, length: int = 16) -> str:
    """Hash of a JSON-like value that does not depend on the order of its keys.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def sha256_file(path: str | Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_archives: dict[tuple[object, ...], zipfile.ZipFile] = {}
_archives_lock = threading.Lock()


def open_archive(path: str | Path) -> zipfile.ZipFile:
    """Open a zip archive once a process; later calls return the same handle.

    A file that was replaced meanwhile is opened anew.
    """
    state = os.stat(path)
    # The process is part of the key: a fork must not share its parent's file offset.
    key = (os.getpid(), str(path), state.st_ino, state.st_size, state.st_mtime_ns)
    with _archives_lock:
        if key not in _archives:
            _archives[key] = zipfile.ZipFile(path)
        return _archives[key]


def read_bytes(locator: str | Path) -> bytes:
    """Read a plain file, or a member of a zip archive named ``archive.zip::member``.

    Raises
    ------
    FileNotFoundError
        If the file, the archive or the member does not exist.
    """
    archive, mark, member = str(locator).partition(ARCHIVE_MARK)
    if not mark:
        return Path(archive).read_bytes()
    try:
        return open_archive(archive).read(member)
    except KeyError:
        raise FileNotFoundError(f"{archive}: no member {member!r} in the archive") from None
