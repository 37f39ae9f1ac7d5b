"""Storages: where checkpoints lie that every machine of a cluster can read.

A shared folder, or any address that fsspec knows (``s3://bucket/folder``, ``gs://``, ``abfs://``,
``sftp://``). Names are relative, with slashes. A file shows its name only when it is whole: a
folder has it by renaming, an object store by its nature.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from helpers.core import ConfigError, atomic_file

STORAGE = "DERMBOOK_STORAGE"
"""Variable that names the storage."""

COPY_BYTES = 2**24


class Storage(Protocol):
    """Files by name."""

    place: str

    def put(self, source: Path, name: str) -> None:
        """Copy a file there."""

    def get(self, name: str, target: Path) -> None:
        """Copy a file from there; FileNotFoundError where there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""

    def read(self, name: str) -> bytes | None:
        """Read a small file; None where there is none."""

    def names(self, folder: str) -> list[str]:
        """Names of the files right in a folder, without the folder's own."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""


class FolderStorage:
    """A folder that all machines see under the same name.

    Parameters
    ----------
    folder : Path
        Is made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)

    def put(self, source: Path, name: str) -> None:
        """Copy a file there."""
        with atomic_file(self.folder / name) as temporary:
            shutil.copyfile(source, temporary)

    def get(self, name: str, target: Path) -> None:
        """Copy a file from there."""
        shutil.copyfile(self.folder / name, target)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        with atomic_file(self.folder / name) as temporary:
            temporary.write_bytes(content)

    def read(self, name: str) -> bytes | None:
        """Read a small file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder."""
        place = self.folder / folder
        if not place.is_dir():
            return []
        return [path.name for path in place.iterdir() if path.is_file() and path.name[0] != "."]

    def remove(self, name: str) -> None:
        """Remove a file, and its folder when that was the last."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        if path.parent != self.folder and path.parent.is_dir() and not any(path.parent.iterdir()):
            path.parent.rmdir()


class AddressStorage:
    """A folder of an object store or server, through fsspec.

    Parameters
    ----------
    address : str
        As ``s3://bucket/folder``. Keys and endpoints are taken from the environment, as the
        library of that protocol reads them. S3 is Arrow's own, which needs no package besides:
        ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_DEFAULT_REGION``, and
        ``AWS_ENDPOINT_URL`` for another server than Amazon's.
    """

    def __init__(self, address: str) -> None:
        import fsspec

        self.place = address.rstrip("/")
        protocol, _, rest = self.place.partition("://")
        self._flat = protocol == "s3"  # folders are no things there
        if self._flat:
            self.files, root = _arrow_s3(), rest
        else:
            # Listings are not to be remembered: other machines write there.
            self.files, root = fsspec.core.url_to_fs(self.place, use_listings_cache=False)
        self.root = root.rstrip("/")

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}"

    def put(self, source: Path, name: str) -> None:
        """Copy a file there."""
        with open(source, "rb") as file, self._open_new(name) as there:
            shutil.copyfileobj(file, there, COPY_BYTES)

    def get(self, name: str, target: Path) -> None:
        """Copy a file from there."""
        with self.files.open(self._path(name), "rb") as there, open(target, "wb") as file:
            shutil.copyfileobj(there, file, COPY_BYTES)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        with self._open_new(name) as there:
            there.write(content)

    def _open_new(self, name: str) -> Any:
        if not self._flat:
            self.files.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)
        return self.files.open(self._path(name), "wb")

    def read(self, name: str) -> bytes | None:
        """Read a small file."""
        try:
            with self.files.open(self._path(name), "rb") as there:
                return bytes(there.read())
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder."""
        try:
            found = self.files.ls(self._path(folder), detail=True)
        except FileNotFoundError:
            return []
        paths = [entry["name"] for entry in found if entry["type"] == "file"]
        return [str(path).rpartition("/")[2] for path in paths]

    def remove(self, name: str) -> None:
        """Remove a file."""
        try:
            self.files.rm_file(self._path(name))
        except FileNotFoundError:
            return


def _arrow_s3() -> Any:
    """Arrow's S3 with the interface of fsspec; nothing is asked of a server yet."""
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import S3FileSystem

    options: dict[str, Any] = {"connect_timeout": 10.0, "request_timeout": 60.0}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        scheme, _, host = endpoint.partition("://")
        options |= {"scheme": scheme, "endpoint_override": host.rstrip("/")}
    if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        options["region"] = region
    return ArrowFSWrapper(S3FileSystem(**options))


def open_storage(place: str) -> Storage:
    """A storage by its folder or address.

    Raises
    ------
    ConfigError
        If fsspec, or the package of the address' protocol, is not installed.
    """
    protocol, mark, rest = place.partition("://")
    if not mark:
        return FolderStorage(Path(place).expanduser().absolute())
    if protocol == "file":
        return FolderStorage(Path(rest))
    if importlib.util.find_spec("fsspec") is None:
        raise ConfigError(
            f"storage {place}: expected fsspec to reach it, but it is not installed; install the "
            "extra 'scale' (make setup WITH=scale), or name a folder that all machines share"
        )
    try:
        return AddressStorage(place)
    except (ImportError, ValueError) as error:
        raise ConfigError(
            f"storage {place}: expected an address that fsspec knows, but got {error}; install "
            "the package that it asks for on all machines, or name a shared folder"
        ) from None


@contextmanager
def told_storage_errors(place: str) -> Iterator[None]:
    """Turn whatever a storage's library raises in the block into one `ConfigError`.

    Each library has errors of its own: those of S3 do not even share a base with OSError.
    """
    try:
        yield
    except ConfigError:
        raise
    except Exception as error:
        raise _unusable(place, error) from error


def _unusable(place: str, error: Exception) -> ConfigError:
    said = (str(error).strip().splitlines() or [""])[0]
    return ConfigError(
        f"storage {place}: expected one that can be read and written to, but got "
        f"{type(error).__name__}: {said}; look at the address, the keys and the rights on this "
        f"machine ({socket.gethostname()}), or choose another --storage"
    )


def leave_mark(storage: Storage) -> str:
    """Write a file by which other machines know that they see the same storage; its name.

    Raises
    ------
    ConfigError
        If it cannot be written to.
    """
    name = f"marks/{uuid.uuid4().hex}"
    with told_storage_errors(storage.place):
        storage.write(name, name.encode())
    return name


def check_mark(storage: Storage, name: str) -> None:
    """See that a mark is there, and that this machine may write beside it.

    Raises
    ------
    ConfigError
        If not.
    """
    with told_storage_errors(storage.place):
        there = storage.read(name)
    if there != name.encode():
        raise ConfigError(
            f"storage {storage.place}: expected the file {name} that was just written there, but "
            f"{socket.gethostname()} does not see it; choose a folder that all machines share, or "
            "an address such as s3://bucket/folder"
        )
    own = f"{name}-{uuid.uuid4().hex}"
    with told_storage_errors(storage.place):
        storage.write(own, own.encode())
        storage.remove(own)


def stored_json(storage: Storage, name: str) -> dict[str, Any]:
    """A JSON object of a storage; empty where there is none or it cannot be read."""
    content = storage.read(name)
    try:
        value = json.loads(content) if content else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
