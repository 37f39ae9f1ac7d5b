"""Checkpoints: all that a training needs to go on from its last finished epoch, bit for bit.

A checkpoint is ``state.json`` and the array files that it names with their SHA-256. Array
files get a new name each time and the state is replaced last, so that a kill at any moment
leaves the checkpoint before or the one after, and never half of one.

An array file is one ``.npy`` after the other. A network of 55 million parameters has two thirds of
a gigabyte an epoch to write, and a zip archive of them takes three times as long.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from helpers.core import atomic_file, digest, read_json, sha256_file, write_json

STATE = "state.json"
ARRAYS = ".npys"

Arrays = Iterable[NDArray[Any]]


@dataclass
class Checkpoint:
    """The state of a training at the end of an epoch.

    Arrays are gone through once, and each is made, or read, when its turn comes: of a network of
    55 million parameters they take two thirds of a gigabyte.

    Attributes
    ----------
    rows : list of dict
        The history so far, a row an epoch.
    best : dict or None
        The row of the best epoch.
    variables : iterable of ndarray
        Of the model (weights, statistics, states of random generators).
    optimizer : iterable of ndarray
        Of the optimizer of the stage of the last row.
    seconds : float
        Spent on these epochs, restarts left out.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    variables: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    seconds: float = 0.0

    def save(self, folder: Path) -> None:
        """Write the checkpoint, then remove the files of the one before.

        Variables and optimizer are not held any longer; variables of the best epoch are in its
        file alone.

        Raises
        ------
        OSError
            If the disk is full or cannot be written; the checkpoint before stays whole.
        """
        number = len(self.rows)
        old = _read_state(folder) or {"files": {}}
        last = _write(folder / f"model-{number}{ARRAYS}", self.variables)
        files = {"last": last}
        files["optimizer"] = _write(folder / f"optimizer-{number}{ARRAYS}", self.optimizer)
        if self.best is not None:
            files["best"] = last if self.best["epoch"] == number else old["files"]["best"]
        state = {
            "rows": self.rows,
            "best": self.best,
            "seconds": self.seconds,
            "files": files,
        }
        write_json(folder / STATE, state | {"digest": digest(state)})
        kept = {entry["name"] for entry in files.values()}
        for path in folder.glob(f"*{ARRAYS}"):
            if path.name not in kept:
                path.unlink()
        self.variables, self.optimizer = [], []


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Read the checkpoint of a folder.

    Returns
    -------
    Checkpoint or None
        None where there is none.

    Raises
    ------
    ValueError
        If a file is missing or does not have its checksum; the message names it.
    """
    if not (folder / STATE).exists():
        return None
    state = _read_state(folder)
    if state is None:
        raise ValueError(f"{STATE} cannot be read")
    files = {kind: _checked(folder, entry) for kind, entry in state["files"].items()}
    return Checkpoint(
        rows=state["rows"],
        best=state["best"],
        variables=_read(files["last"]),
        optimizer=_read(files["optimizer"]),
        seconds=state["seconds"],
    )


def load_best(folder: Path) -> Arrays:
    """Variables of the model at the best epoch of a folder's checkpoint.

    Raises
    ------
    ValueError
        If there is none, or its file is missing or does not have its checksum.
    """
    state = _read_state(folder)
    if state is None or "best" not in state["files"]:
        raise ValueError(f"{folder}: expected a checkpoint with a best epoch, but there is none")
    return _read(_checked(folder, state["files"]["best"]))


def remove_checkpoint(folder: Path) -> None:
    """Remove a checkpoint's files, whole or not."""
    for path in [folder / STATE, *folder.glob(f"*{ARRAYS}"), *folder.glob(".*.tmp*")]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _read_state(folder: Path) -> dict[str, Any] | None:
    """What the state says; None where it is missing, or is not what was written."""
    try:
        state = dict(read_json(folder / STATE))
        told = state.pop("digest")
        return state if digest(state) == told else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _Hashed:
    """A file whose bytes are hashed as they are written."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return self.file.write(data)


def _checked(folder: Path, entry: dict[str, str]) -> Path:
    path = folder / entry["name"]
    if not path.is_file() or sha256_file(path) != entry["sha256"]:
        raise ValueError(f"{path.name} is missing or does not have its checksum")
    return path


def _write(path: Path, arrays: Arrays) -> dict[str, str]:
    with atomic_file(path) as temporary:
        with open(temporary, "wb") as file:
            hashed = _Hashed(file)
            for array in (np.asarray(given, order="C") for given in arrays):
                header = np.lib.format.header_data_from_array_1_0(array)
                np.lib.format.write_array_header_1_0(hashed, header)  # type: ignore[arg-type]
                hashed.write(array.data)
        return {"name": path.name, "sha256": hashed.hash.hexdigest()}


def _read(path: Path) -> Iterator[NDArray[Any]]:
    with open(path, "rb") as file:
        while file.peek(1):
            yield np.lib.format.read_array(file, allow_pickle=False)
