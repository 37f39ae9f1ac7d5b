"""What takes long to make is made once for all processes of a run of the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def made_once(common: Path, name: str, make: Callable[[Path], object]) -> Path:
    """A file or folder of `common`, which the first process that asks for it makes.

    Parameters
    ----------
    common : Path
        The folder that the processes share.
    name : str
        Of the file or folder in it, read-only by agreement.
    make : callable
        Makes it at the path that it is given.
    """
    path, done = common / name, common / f"{name}.done"
    with FileLock(common / f"{name}.lock"):
        if not done.exists():
            make(path)
            done.touch()
    return path
