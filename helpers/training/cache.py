"""The cache of trials: what is in it, finished, unfinished or damaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from rich.table import Table
from rich.text import Text

from helpers.core import ConfigError, cache_home, folder_bytes, read_json, readable_bytes
from helpers.training.trials import ENGINE_VERSION, is_whole

State = Literal["finished", "unfinished", "damaged"]

SHOWN = 20
NARROW = ("name", "disk", "balanced", "state", "key")


@dataclass(frozen=True)
class CachedTrial:
    """One trial as it lies in the cache.

    Attributes
    ----------
    key : str
        Name of its folder, ``.work`` left out.
    folder : Path
        Where it is.
    state : {"finished", "unfinished", "damaged"}
        Damaged: a file is missing or has not the checksum that it was written with.
    in_training : bool
        Whether a process holds its lock now.
    bytes : int
        Of all its files.
    changed : float
        Seconds since 1970 of the last change of ``trial.json``; of the folder without one.
    epochs : int
        Finished ones.
    record : dict
        ``trial.json``; empty where it cannot be read.
    """

    key: str
    folder: Path
    state: State
    in_training: bool
    bytes: int
    changed: float
    epochs: int
    record: dict[str, Any]

    @property
    def config(self) -> dict[str, Any]:
        """Its configuration, as far as it is known."""
        config = self.record.get("config")
        return config if isinstance(config, dict) else {}

    @property
    def name(self) -> str:
        """What tables called it when it was trained; "" where unknown."""
        return str(self.config.get("name", ""))

    @property
    def backbone(self) -> str:
        """Its backbone; the key begins with it."""
        return str(self.config.get("backbone") or self.key.rpartition("-")[0])

    @property
    def is_old(self) -> bool:
        """Whether an older engine trained it, so that nobody asks for it any more."""
        return bool(self.record) and self.record.get("engine") != ENGINE_VERSION

    @property
    def score(self) -> float | None:
        """Validation balanced accuracy of the best epoch; None where unknown."""
        best = self.record.get("best")
        value = best.get("val_balanced_accuracy") if isinstance(best, dict) else None
        return None if value is None else float(value)

    @property
    def mark(self) -> str:
        """What is to be known of its state; "" where it is finished and of use."""
        if self.in_training:
            return "in training" if self.state == "unfinished" else f"{self.state}, in training"
        if self.state != "finished":
            return self.state
        return "older engine" if self.is_old else ""

    def facts(self) -> dict[str, Any]:
        """What ``dermbook trials --json`` tells."""
        size = self.config.get("image_size")
        finished = datetime.fromtimestamp(self.changed, UTC).isoformat(timespec="seconds")
        return {
            "key": self.key,
            "name": self.name,
            "state": self.state,
            "in_training": self.in_training,
            "older_engine": self.is_old,
            "backbone": self.backbone,
            "image_size": size,
            "weights": self.config.get("weights"),
            "finished": finished if self.state == "finished" else None,
            "bytes": self.bytes,
            "epochs": self.epochs,
            "val_balanced_accuracy": self.score,
            "folder": str(self.folder),
        }


def trials_folder() -> Path:
    """Where trials are."""
    return cache_home() / "trials"


def is_locked(folder: Path, key: str) -> bool:
    """Whether a process holds the lock of a trial; nothing is written to find out."""
    lock = folder / f"{key}.lock"
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # a cache that this user only reads: nothing can be removed from it anyway
        return False


def list_trials(folder: Path | None = None) -> list[CachedTrial]:
    """Look at every trial of the cache; the files of finished ones are compared by checksum.

    Parameters
    ----------
    folder : Path, optional
        Of trials; the cache's where None.

    Returns
    -------
    list of CachedTrial
        Those changed last come first.
    """
    folder = folder or trials_folder()
    if not folder.is_dir():
        return []
    paths = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
    with ThreadPoolExecutor() as pool:  # hashing leaves the interpreter free
        found = [trial for trial in pool.map(_look, paths) if trial is not None]
    return sorted(found, key=lambda trial: (-trial.changed, trial.key))


def _look(path: Path) -> CachedTrial | None:
    key = path.name.removesuffix(".work")
    record = _read_dict(path / "trial.json")
    if path.name != key:
        state: State = "unfinished"
        epochs = _epochs_done(path)
    else:
        state = "finished" if record and is_whole(path) else "damaged"
        done = record.get("epochs")
        epochs = done if isinstance(done, int) else _epochs_done(path)
    try:
        mark = path / "trial.json"
        changed = (mark if mark.exists() else path).stat().st_mtime
    except FileNotFoundError:  # finished, and so renamed, or removed meanwhile
        return None
    locked = is_locked(path.parent, key)
    return CachedTrial(key, path, state, locked, folder_bytes(path), changed, epochs, record)


def _read_dict(path: Path) -> dict[str, Any]:
    try:
        value = read_json(path)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _epochs_done(folder: Path) -> int:
    rows = _read_dict(folder / "state.json").get("rows")
    if isinstance(rows, list):
        return len(rows)
    try:
        lines = (folder / "history.csv").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return 0
    return max(len(lines) - 1, 0)


def find_cached(text: str, folder: Path | None = None) -> CachedTrial:
    """The one trial that a key, a name or the beginning of one of them means.

    Raises
    ------
    ConfigError
        If there is none or more than one; the message lists them.
    """
    trials = list_trials(folder)
    ways: tuple[Callable[[CachedTrial], bool], ...] = (
        lambda trial: trial.key == text,
        lambda trial: trial.name == text,
        lambda trial: trial.key.startswith(text) or trial.name.startswith(text),
    )
    for means in ways:
        found = [trial for trial in trials if text and means(trial)]
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigError(
                f"trial {text!r}: expected one trial but got {len(found)}; choose a key of\n"
                f"{_listed(found)}"
            )
    known = f"; there are\n{_listed(trials)}" if trials else f"; {trials_folder()} holds none"
    raise ConfigError(f"trial {text!r}: expected a key or name, or the beginning of one{known}")


def _listed(trials: Sequence[CachedTrial]) -> str:
    lines = [f"  {trial.key}  {trial.name or trial.state}" for trial in trials[:SHOWN]]
    if len(trials) > SHOWN:
        lines.append(f"  ... and {len(trials) - SHOWN} more")
    return "\n".join(lines)


def _pixels(size: Any) -> str:
    return f"{size[1]} x {size[0]}" if isinstance(size, list) and len(size) == 2 else ""


def _local(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def trials_table(trials: Sequence[CachedTrial], *, narrow: bool = False) -> Table:
    """The list of trials for a terminal; pixels are width by height.

    Parameters
    ----------
    trials : sequence of CachedTrial
        A row each.
    narrow : bool, default=False
        Whether to leave out what the key or ``show`` tells as well, to fit 80 letters a line.
    """
    rows: list[dict[str, str | Text]] = [
        {
            "name": Text(trial.name),
            "backbone": Text(trial.backbone),
            "pixels": _pixels(trial.config.get("image_size")),
            "weights": str(trial.config.get("weights", "")),
            "finished": _local(trial.changed) if trial.state == "finished" else "",
            "disk": readable_bytes(trial.bytes),
            "epochs": str(trial.epochs),
            "balanced": "" if trial.score is None else f"{trial.score:.3f}",
            "state": Text(trial.mark, style="red" if trial.state == "damaged" else "yellow"),
            "key": Text(trial.key),
        }
        for trial in trials
    ]
    table = Table(box=None, pad_edge=False, header_style="bold")
    chosen = [name for name in rows[0] if not narrow or name in NARROW] if rows else []
    for name in chosen:
        number = name in ("disk", "epochs", "balanced")
        table.add_column(
            name,
            justify="right" if number else "left",
            no_wrap=number or name in ("key", "finished"),
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(row[name] for name in chosen))
    return table


def details_table(trial: CachedTrial) -> Table:
    """All that is known of one trial: configuration, times, memory and scores."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")

    def add(label: str, value: Any) -> None:
        if value not in (None, "", {}, []):
            table.add_row(label, Text(str(value)))

    record, best = trial.record, trial.record.get("best") or {}
    add("name", trial.name)
    add("key", trial.key)
    add("folder", trial.folder)
    add("state", trial.mark or "finished")
    add("finished", _local(trial.changed) if trial.state == "finished" else "")
    add("on disk", readable_bytes(trial.bytes))
    for name, value in trial.config.items():
        if name == "image_size":
            add("  pixels", _pixels(value))
        elif name == "stages":
            for number, stage in enumerate(value, start=1):
                add(f"  stage {number}", _pairs(stage))
        elif name != "name":
            add(f"  {name}", _pairs(value) if isinstance(value, dict) else value)
    add("engine", record.get("engine"))
    add("versions", _pairs(record.get("versions", {})))
    add("epochs", trial.epochs)
    add("parameters", _counted(record, "parameters"))
    add("  trainable", _counted(record, "trainable_parameters"))
    add("training images", _counted(record, "n_train"))
    for phase, seconds in record.get("seconds", {}).items():
        add(f"  {phase}", f"{seconds:,.1f} s")
    add("images a second", _rounded(record.get("images_per_second"), 1))
    add("peak memory", _mebibytes(record.get("peak_memory_mb")))
    add("  of the device", _mebibytes(record.get("device_memory_mb")))
    for number, step in enumerate(record.get("memory_steps") or [], start=1):
        add(f"  memory step {number}", _pairs(step))
    add("best epoch", best.get("epoch"))
    for name, value in best.items():
        if name not in ("epoch", "stage", "seconds"):
            add(f"  {name}", _rounded(value, 4) if name != "learning_rate" else f"{value:.3g}")
    return table


def _pairs(values: Any) -> str:
    if not isinstance(values, dict):
        return str(values)
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _counted(record: dict[str, Any], name: str) -> str:
    return f"{record[name]:,}" if isinstance(record.get(name), int) else ""


def _rounded(value: Any, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _mebibytes(value: Any) -> str:
    return "" if value is None else readable_bytes(value * 2**20)
