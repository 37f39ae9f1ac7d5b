"""Parcels: a folder as a list of its files and one stream of bytes, put in place whole or not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from helpers.core import TrialError, atomic_folder, sha256_file

PART_BYTES = 2**24
"""Most bytes of a part of a stream; so much is in memory at a time."""

Listing = list[dict[str, Any]]


def list_files(folder: Path) -> Listing:
    """Name, bytes and SHA-256 of each file of a folder, in the order of their names."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {
            "name": path.relative_to(folder).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": sha256_file(path),
        }
        for path in paths
    ]


def read_parts(paths: Iterable[Path]) -> Iterator[bytes]:
    """The bytes of files, one after the other, in parts."""
    for path in paths:
        with open(path, "rb") as file:
            while part := file.read(PART_BYTES):
                yield part


def read_folder(folder: Path, files: Listing) -> Iterator[bytes]:
    """The stream of a folder whose files were listed."""
    return read_parts(folder / entry["name"] for entry in files)


def unpack(folder: Path, files: Listing, parts: Iterable[bytes]) -> None:
    """Put a folder in place from its stream, with all its files or not at all.

    Parameters
    ----------
    folder : Path
        The final name; what stood there before is replaced.
    files : list of dict
        Of `list_files`.
    parts : iterable of bytes
        Of `read_folder`; they may be divided anywhere.

    Raises
    ------
    TrialError
        If a name leads out of the folder, the stream is short or long, or a file does not have
        its checksum.
    """
    for entry in files:
        name = PurePosixPath(entry["name"])
        if name.is_absolute() or ".." in name.parts:
            raise TrialError(f"{folder.name}: expected files inside it but got {name}")
    stream = _Stream(parts)
    with atomic_folder(folder) as temporary:
        for entry in files:
            path = temporary / entry["name"]
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:
                found = stream.copy(file, entry["bytes"])
            if found != entry["sha256"]:
                raise TrialError(
                    f"{folder.name}: {entry['name']} did not come over as it was sent; it is asked "
                    "for again"
                )
        if stream.more():
            raise TrialError(f"{folder.name}: more bytes came over than were told")


class _Stream:
    """Takes so many bytes at a time from parts of any size."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._rest = memoryview(b"")

    def copy(self, file: IO[bytes], n_bytes: int) -> str:
        """Write the next bytes to a file; their SHA-256, of fewer where the stream ends."""
        hashed = hashlib.sha256()
        while n_bytes:
            if not self._rest and not self.more():
                break
            taken, self._rest = self._rest[:n_bytes], self._rest[n_bytes:]
            file.write(taken)
            hashed.update(taken)
            n_bytes -= len(taken)
        return hashed.hexdigest()

    def more(self) -> bool:
        """Whether bytes are left."""
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return False
            self._rest = memoryview(part)
        return True
