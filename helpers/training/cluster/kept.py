"""Checkpoints in a storage, from which a trial goes on when its machine is gone.

A storage holds ``<key>/kept.json`` and the files that it names, each called by its SHA-256. The
record is written last, so that a machine that dies meanwhile leaves the checkpoint before or the
one after.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from helpers.core import atomic_file, digest, read_json, sha256_file
from helpers.training.checkpoints import STATE
from helpers.training.cluster.storage import Storage, stored_json
from helpers.training.memory import STEPS

KEPT = "kept.json"
SMALL = (STEPS, "history.csv", "tensorboard/*")
"""What goes along with a checkpoint."""


def kept_epochs(storage: Storage, key: str) -> int:
    """Epochs of a trial's checkpoint in a storage; 0 without one."""
    return int(_record(storage, key).get("epochs", 0))


def _record(storage: Storage, key: str) -> dict[str, Any]:
    record = stored_json(storage, f"{key}/{KEPT}")
    told = record.pop("digest", None)
    return record if told is not None and digest(record) == told else {}


def epochs_in(work: Path) -> int:
    """Epochs of the checkpoint in a work folder; 0 without one."""
    try:
        return len(read_json(work / STATE)["rows"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def keep(storage: Storage, key: str, work: Path) -> int:
    """Copy the checkpoint of a work folder to a storage, while the training goes on.

    Parameters
    ----------
    storage : Storage
        Where to.
    key : str
        Of the trial.
    work : Path
        Of the training.

    Returns
    -------
    int
        Epochs of what is in the storage now.
    """
    before = _record(storage, key)
    frozen = work.with_name(f".{key}.frozen")
    try:
        files = _freeze(work, frozen)
        epochs = epochs_in(frozen)
        if not files or epochs <= int(before.get("epochs", 0)):
            return int(before.get("epochs", 0))
        there = set(before.get("files", {}).values())
        for name, sha256 in files.items():
            if sha256 not in there:
                storage.put(frozen / name, f"{key}/{sha256}")
                there.add(sha256)
        record = {"epochs": epochs, "files": files}
        content = json.dumps(record | {"digest": digest(record)})
        storage.write(f"{key}/{KEPT}", content.encode())
        for sha256 in there - set(files.values()):
            storage.remove(f"{key}/{sha256}")
        return epochs
    finally:
        shutil.rmtree(frozen, ignore_errors=True)


def _freeze(work: Path, frozen: Path) -> dict[str, str]:
    """Link the files of the checkpoint, so that the next epoch does not remove them.

    Returns
    -------
    dict of str to str
        SHA-256 by name; empty where the training has ended and its checkpoint is gone.
    """
    while True:
        shutil.rmtree(frozen, ignore_errors=True)
        frozen.mkdir()
        try:
            state = (work / STATE).read_bytes()
        except FileNotFoundError:
            return {}
        files = {entry["name"]: entry["sha256"] for entry in json.loads(state)["files"].values()}
        try:
            for name in files:
                os.link(work / name, frozen / name)
            for pattern in SMALL:
                for path in work.glob(pattern):
                    copy = frozen / path.relative_to(work)
                    copy.parent.mkdir(exist_ok=True)
                    shutil.copyfile(path, copy)
                    files[path.relative_to(work).as_posix()] = sha256_file(copy)
        except FileNotFoundError:  # the next epoch has just ended
            continue
        (frozen / STATE).write_bytes(state)
        return files | {STATE: sha256_file(frozen / STATE)}


def bring_back(storage: Storage, key: str, work: Path) -> int:
    """Put a storage's checkpoint into a work folder that has an older one, or none.

    Returns
    -------
    int
        Epochs of what is in the work folder now.

    Raises
    ------
    ValueError
        If a file does not have its checksum.
    """
    here, record = epochs_in(work), _record(storage, key)
    if int(record.get("epochs", 0)) <= here:
        return here
    files = dict(record["files"])
    for name in sorted(files, key=lambda name: name == STATE):  # the state comes last
        with atomic_file(work / name) as temporary:
            storage.get(f"{key}/{files[name]}", temporary)
            if sha256_file(temporary) != files[name]:
                raise ValueError(f"{storage.place}/{key}: {name} does not have its checksum")
    return int(record["epochs"])


def forget(storage: Storage, key: str) -> None:
    """Remove a trial's checkpoint from a storage, the record first."""
    names = storage.names(key)
    for name in sorted(names, key=lambda name: name != KEPT):
        storage.remove(f"{key}/{name}")
