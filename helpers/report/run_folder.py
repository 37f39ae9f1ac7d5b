"""The folder of a run: its name, and the lock that keeps a second run out of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from helpers.core import ConfigError, ReportError, writable


def run_folder(profile: str, run_name: str | None, runs_dir: Path) -> Path:
    """Absolute path of the folder of a run.

    Raises
    ------
    ConfigError
        If the run's name is not a plain folder name.
    """
    name = run_name or profile
    if name in (".", "..") or Path(name).name != name:
        raise ConfigError(f"run {name!r}: expected a plain folder name, such as 'real'")
    return (runs_dir / name).resolve()


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Make a run's folder where there is none, and keep other runs out of it meanwhile.

    Raises
    ------
    ConfigError
        If the folder cannot be written to.
    ReportError
        If another process works in it.
    """
    writable(folder)
    try:
        lock = FileLock(folder / ".lock").acquire(timeout=0)
    except Timeout:
        raise ReportError(
            f"{relative_path(folder)}: another report is being made in this run folder; wait for "
            "it to end, or choose another name with --run NAME"
        ) from None
    with lock:  # what `acquire` gives releases it
        yield


def relative_path(path: Path) -> str:
    """A path as seen from the current folder, for a message."""
    try:
        return os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
