"""Checkpoints: all that a training needs to go on from its last finished epoch, bit for bit.

A checkpoint is ``state.json`` and the array files that it names with their SHA-256. Array
files get a new name each time and the state is replaced last, so that a kill at any moment
leaves the checkpoint before or the one after, and never half of one.
"""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.core import atomic_file, read_json, sha256_file, write_json

STATE = "state.json"

Arrays = list[NDArray[Any]]


@dataclass
class Checkpoint:
    """The state of a training at the end of an epoch.

    Attributes
    ----------
    rows : list of dict
        The history so far, a row an epoch.
    best : dict or None
        The row of the best epoch.
    variables : list of ndarray
        Of the model (weights, statistics, states of random generators).
    optimizer : list of ndarray
        Of the optimizer of the stage of the last row.
    best_variables : list of ndarray
        Of the model at the best epoch.
    seconds : float
        Spent on these epochs, restarts left out.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    variables: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    best_variables: Arrays = field(default_factory=list)
    seconds: float = 0.0

    def save(self, folder: Path) -> None:
        """Write the checkpoint, then remove the files of the one before.

        Raises
        ------
        OSError
            If the disk is full or cannot be written; the checkpoint before stays whole.
        """
        number = len(self.rows)
        old = _read_state(folder) or {"files": {}}
        files = {"last": _write(folder / f"last-{number}.npz", self.variables + self.optimizer)}
        if self.best is not None:
            name = f"best-{self.best['epoch']}.npz"
            known = old["files"].get("best", {})
            is_new = known.get("name") != name
            files["best"] = _write(folder / name, self.best_variables) if is_new else known
        state = {
            "rows": self.rows,
            "best": self.best,
            "n_variables": len(self.variables),
            "seconds": self.seconds,
            "files": files,
        }
        write_json(folder / STATE, state)
        kept = {entry["name"] for entry in files.values()}
        for path in folder.glob("*.npz"):
            if path.name not in kept:
                path.unlink()


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
    arrays = {}
    for kind, entry in state["files"].items():
        path = folder / entry["name"]
        if not path.is_file() or sha256_file(path) != entry["sha256"]:
            raise ValueError(f"{entry['name']} is missing or does not have its checksum")
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays[kind] = [file[f"a{place}"] for place in range(len(file.files))]
        except (zipfile.BadZipFile, KeyError, OSError) as error:
            raise ValueError(f"{entry['name']} cannot be read: {error}") from error
    split = state["n_variables"]
    return Checkpoint(
        rows=state["rows"],
        best=state["best"],
        variables=arrays["last"][:split],
        optimizer=arrays["last"][split:],
        best_variables=arrays.get("best", []),
        seconds=state["seconds"],
    )


def remove_checkpoint(folder: Path) -> None:
    """Remove a checkpoint's files, whole or not."""
    for path in [folder / STATE, *folder.glob("*.npz"), *folder.glob(".*.tmp*")]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _read_state(folder: Path) -> dict[str, Any] | None:
    try:
        return dict(read_json(folder / STATE))
    except (OSError, ValueError):
        return None


def _write(path: Path, arrays: Arrays) -> dict[str, str]:
    with atomic_file(path) as temporary:
        named: dict[str, Any] = {f"a{place}": array for place, array in enumerate(arrays)}
        np.savez(temporary, **named)
        return {"name": path.name, "sha256": sha256_file(temporary)}
