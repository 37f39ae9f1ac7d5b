"""Pruning the cache of trials: what can go, and how it goes without harm.

A process that trains a trial holds the lock ``<key>.lock``; whoever removes takes that lock
first. Lock files themselves stay: removing one would let two processes hold "it" at once.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from rich.table import Table
from rich.text import Text

from helpers.core import (
    ConfigError,
    DataError,
    folder_bytes,
    read_json,
    readable_bytes,
    told_write_errors,
    writable,
)
from helpers.training.cache import CachedTrial, is_locked, trials_folder
from helpers.training.trials import ENGINE_VERSION, is_whole

DAY = 86400.0


@dataclass(frozen=True)
class Removal:
    """Something that can go.

    Attributes
    ----------
    path : Path
        A folder or a file.
    key : str
        The trial that it belongs to; its lock is held while it goes.
    reason : str
        Why it can go.
    bytes : int
        What that frees.
    lock : Path or None
        What is held while it goes, where it is not the lock of the trial in the folder of trials.
    """

    path: Path
    key: str
    reason: str
    bytes: int
    lock: Path | None = None


def keys_of_runs(runs: Path) -> set[str]:
    """Keys of the trials that runs have used.

    Parameters
    ----------
    runs : Path
        A folder of run folders, or one run folder.

    Raises
    ------
    ConfigError
        If no run in it names its trials: nothing would be kept.
    DataError
        If a list of trials cannot be read: it may name any.
    """
    lists = sorted([*runs.glob("*/trials/*.json"), *runs.glob("trials/*.json")])
    if not lists:
        raise ConfigError(
            f"{runs}: expected runs with trials/*.json whose trials are to be kept but found none; "
            "name the folder that holds the runs, such as 'runs'"
        )
    keys, problems = set(), []
    for path in lists:
        try:
            keys |= {str(entry["key"]) for entry in read_json(path)}
        except (OSError, ValueError, TypeError, KeyError) as error:
            problems.append(f"{path}: expected a list of trials with keys but got {error!r}")
    if problems:
        raise DataError(
            [*problems, "make these runs again, or remove these files"], where=str(runs)
        )
    return keys


def plan_pruning(
    trials: Sequence[CachedTrial],
    folder: Path | None = None,
    *,
    older_than: float | None = None,
    keep: set[str] | None = None,
) -> list[Removal]:
    """What can go: damaged and unfinished trials, those of an older engine, and leftovers.

    Parameters
    ----------
    trials : sequence of CachedTrial
        From `list_trials`.
    folder : Path, optional
        Of trials; the cache's where None.
    older_than : float, optional
        Finished trials of more days than that go too.
    keep : set of str, optional
        Keys of trials that stay, whatever they are.

    Returns
    -------
    list of Removal
        Nothing that a process trains, and nothing to keep.
    """
    folder = folder or trials_folder()
    now, kept = time.time(), keep or set()
    plan = []
    for trial in trials:
        age = (now - trial.changed) / DAY
        if trial.in_training or trial.key in kept:
            continue
        if trial.state != "finished":
            reason = str(trial.state)
        elif trial.is_old:
            reason = f"engine {trial.record.get('engine')}, not {ENGINE_VERSION}"
        elif older_than is not None and age > older_than:
            reason = f"{age:.0f} days old"
        else:
            continue
        plan.append(Removal(trial.folder, trial.key, reason, trial.bytes))
    leftovers = _leftovers(folder, trials, {item.path for item in plan}, kept, now)
    return plan + leftovers + _left_by_machines(folder.parent / "working", now)


def _leftovers(
    folder: Path, trials: Sequence[CachedTrial], going: set[Path], kept: set[str], now: float
) -> list[Removal]:
    """Tables of no trial and temporary names, a day after they were last written to.

    Until then a run may be about to train from the table, or to finish the file; and a run that
    trains something now may have written, days ago, the tables of what it trains next.
    """
    busy = any(trial.in_training for trial in trials)
    staying = kept | {trial.key for trial in trials if trial.folder not in going}
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        half_removed = path.name.startswith(".") and ".removed-" in path.name
        half_written = path.name.startswith(".") and ".tmp" in path.name
        table = path.suffix == ".parquet" and not path.name.startswith(".")
        key = path.name.lstrip(".").split(".")[0]
        try:
            old = now - path.stat().st_mtime > DAY
            size = folder_bytes(path) if path.is_dir() else path.stat().st_size
        except FileNotFoundError:
            continue
        if half_removed or (half_written and old):
            found.append(Removal(path, key, "left over", size))
        elif table and old and not busy and key not in staying and not is_locked(folder, key):
            found.append(Removal(path, key, "table of no trial", size))
    return found


def _left_by_machines(working: Path, now: float) -> list[Removal]:
    """What a machine of a cluster left that died in a training, a day after it last wrote there.

    The epochs are in the storage that the run named, and the trial went on elsewhere.
    """
    found = []
    for path in sorted(working.glob("*/*")):
        key = path.name
        try:
            # Looking whether a lock is held writes to it.
            files = [file for file in path.rglob("*") if file.suffix != ".lock"]
            last = max(file.stat().st_mtime for file in [path, *files])
            if path.is_dir() and now - last > DAY and not is_locked(path, key):
                reason = f"left by {path.parent.name}"
                lock = path / f"{key}.lock"
                found.append(Removal(path, key, reason, folder_bytes(path), lock))
        except FileNotFoundError:
            continue
    return found


def remove(plan: Sequence[Removal], folder: Path | None = None) -> tuple[int, list[Removal]]:
    """Remove what was planned.

    Each takes another name first, so that an interrupted removal leaves nothing half there under
    the name of a trial; the next pruning removes such remains.

    Parameters
    ----------
    plan : sequence of Removal
        From `plan_pruning`.
    folder : Path, optional
        Of trials; the cache's where None.

    Returns
    -------
    n_bytes : int
        What was freed.
    left : list of Removal
        Those that a process began to train meanwhile: they stay.

    Raises
    ------
    ConfigError
        If the cache cannot be written to.
    """
    folder = folder or trials_folder()
    if not plan:
        return 0, []
    writable(folder)
    freed, left = 0, []
    for item in plan:
        try:
            with FileLock(item.lock or folder / f"{item.key}.lock", timeout=0):
                # Somebody may have finished it between the planning and this lock.
                changed = item.reason == "damaged" and is_whole(item.path)
                if changed or not item.path.exists():
                    left += [item] if changed else []
                    continue
                away = folder / f".{item.key}.removed-{uuid.uuid4().hex[:8]}"
                with told_write_errors(item.path):
                    item.path.rename(away)
        except Timeout:
            left.append(item)
            continue
        with told_write_errors(away):
            shutil.rmtree(away) if away.is_dir() else away.unlink()
        freed += item.bytes
    return freed, left


def pruning_table(plan: Sequence[Removal]) -> Table:
    """What would go, for a terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("disk", justify="right", no_wrap=True)
    table.add_column("reason")
    table.add_column("what", overflow="fold")
    for item in plan:
        table.add_row(readable_bytes(item.bytes), Text(item.reason), Text(item.path.name))
    return table
