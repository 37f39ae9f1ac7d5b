"""Files: the cache folder, atomic writes, checksums, and reading from folders and archives."""

from __future__ import annotations

import errno
import hashlib
import json
import lzma
import os
import shutil
import threading
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import platformdirs

from helpers.core.errors import ConfigError

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


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EISDIR})
_PROBE_BYTES = 4096  # an empty file can be made on a full disk


def write_error(path: str | Path, error: OSError) -> ConfigError:
    """Say that a file or folder cannot be written, why, and what to do.

    Parameters
    ----------
    path : str or Path
        What was to be written.
    error : OSError
        What the system said.

    Returns
    -------
    ConfigError
        For a path in the cache folder it names ``DERMBOOK_HOME``.
    """
    home = cache_home()
    inside = Path(os.path.abspath(path)).is_relative_to(os.path.abspath(home))
    full = error.errno in _FULL
    ways = ["make room there"] if full else []
    target = "a folder on a disk with room" if full else "a folder that you may write to"
    if inside:
        ways.append(f"set DERMBOOK_HOME (the cache folder, now {home}) to {target}")
    else:
        ways.append(f"choose {target}")
    # A folder that "exists" and yet could not be made is a file.
    code = errno.ENOTDIR if error.errno == errno.EEXIST else error.errno
    reason = os.strerror(code) if code else str(error)
    expected = "room for it" if full else "a place that can be written to"
    return ConfigError(f"{path}: expected {expected} but got {reason!r}; {', or '.join(ways)}")


@contextmanager
def told_write_errors(path: str | Path, place: str | Path | None = None) -> Iterator[None]:
    """Turn a full or read-only disk, met in the block, into a `ConfigError`.

    Parameters
    ----------
    path : str or Path
        What the message is about.
    place : str or Path, optional
        The name that is written to meanwhile, where it is another.

    Raises
    ------
    ConfigError
        See `write_error`. Other errors pass, those of reading another file among them.
    """
    try:
        yield
    except OSError as error:
        # Reading may be denied too, so a denial must name the place; a full disk never reads.
        named = str(error.filename or "").startswith(str(place or path))
        if error.errno in _FULL or error.errno == errno.EROFS or (error.errno in _DENIED and named):
            raise write_error(path, error) from error
        raise


def write_problem(folder: str | Path) -> OSError | None:
    """Try to write a few kilobytes into a folder.

    Returns
    -------
    OSError or None
        What the system said; None where it can be written to.
    """
    probe = Path(folder) / f".probe-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        try:
            probe.write_bytes(bytes(_PROBE_BYTES))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        return error
    return None


def writable(folder: str | Path, n_bytes: int = 0) -> Path:
    """Make a folder where it is missing, and see that it can be written to.

    Parameters
    ----------
    folder : str or Path
        In the cache, or wherever the user wants results.
    n_bytes : int, default=0
        What is going to be written; more than is free is an error now, not after an hour.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ConfigError
        If the folder cannot be made or written to, or has too little room; the message says
        what to do, and names ``DERMBOOK_HOME`` where the folder is in the cache.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    problem = write_problem(folder)
    if problem is not None:
        raise write_error(folder, problem) from problem
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        reason = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        told = write_error(folder, reason)
        raise ConfigError(f"{told} ({readable_bytes(n_bytes)} needed, {readable_bytes(free)} free)")
    return folder


def folder_bytes(folder: str | Path) -> int:
    """Bytes of all files in a folder; files that vanish meanwhile do not count."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except FileNotFoundError:
                continue
    return total


def readable_bytes(n_bytes: float) -> str:
    """A size for people.

    >>> readable_bytes(5 * 2**20), readable_bytes(2**30)
    ('5.0 MiB', '1.00 GiB')
    """
    if n_bytes >= 2**30:
        return f"{n_bytes / 2**30:.2f} GiB"
    return f"{n_bytes / 2**20:.1f} MiB" if n_bytes >= 2**18 else f"{n_bytes / 2**10:.1f} KiB"


def _temporary_beside(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(path.parent, error) from error
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

    Raises
    ------
    ConfigError
        If the disk is full or the folder cannot be written to.
    """
    path = Path(path)
    temporary = _temporary_beside(path)
    with told_write_errors(path, temporary):
        try:
            yield temporary
            os.replace(temporary, path)
        except BaseException:
            # Where nothing can be written, nothing can be removed: the first error counts.
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


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

    Raises
    ------
    ConfigError
        If the disk is full or the folder cannot be written to.
    """
    path = Path(path)
    temporary = _temporary_beside(path)
    with told_write_errors(path, temporary):
        try:
            temporary.mkdir()
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


def read_yaml(path: str | Path, expected: str = "fields") -> dict[Any, Any]:
    """Read a UTF-8 YAML file of names and values.

    Parameters
    ----------
    path : str or Path
        The file.
    expected : str, default="fields"
        What the error calls that which the file should hold.

    Raises
    ------
    ConfigError
        If it cannot be read, is no YAML, or holds something else.
    """
    import yaml

    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a YAML file of {expected}; {error.strerror}") from None
    except (UnicodeDecodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: expected YAML of {expected}, as UTF-8; {error}") from None
    if not isinstance(content, dict):
        got = type(content).__name__
        raise ConfigError(
            f"{path}: expected YAML of {expected}, got {got}; give it a 'name: value'"
        )
    return content


def digest(value: Any, length: int = 16) -> str:
    """Hash of a JSON-like value that does not depend on the order of its keys.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def digest_rows(chunks: Iterable[Sequence[Sequence[str]]], length: int = 16) -> str:
    """`digest` of a list of rows that come in chunks, in memory that does not grow.

    >>> digest_rows([[("a", "b"), ("c",)], [("d",)]]) == digest([("a", "b"), ("c",), ("d",)])
    True
    """
    hashed = hashlib.sha256(b"[")
    for number, chunk in enumerate(chunks):
        text = json.dumps(chunk, separators=(",", ":"), ensure_ascii=False)[1:-1]
        hashed.update(f"{',' if number else ''}{text}".encode())
    hashed.update(b"]")
    return hashed.hexdigest()[:length]


def sha256_file(path: str | Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


BROKEN_MEMBER = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError)
"""What ``zipfile`` raises on members that cannot be read: a password is a ``RuntimeError``, and so
is a compression that it does not know (``NotImplementedError``)."""

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
    OSError
        If it cannot be read; of a member, also where it is damaged, locked with a password, or
        compressed in a way that is not known here.
    """
    archive, mark, member = str(locator).partition(ARCHIVE_MARK)
    if not mark:
        return Path(archive).read_bytes()
    try:
        return open_archive(archive).read(member)
    except KeyError:
        raise FileNotFoundError(f"{archive}: no member {member!r} in the archive") from None
    except BROKEN_MEMBER as error:
        raise OSError(f"{archive}: member {member!r}: {error}") from None
