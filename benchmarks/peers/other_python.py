"""The interpreter that has torch and albumentations, which this project does not depend on."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence

from helpers.core import ConfigError

VARIABLE = "DERMBOOK_PYTHON_TORCH"

_PROBE = "import importlib.util as u, sys; print(*(n for n in sys.argv[1:] if not u.find_spec(n)))"


class NotMeasuredError(Exception):
    """A comparison that cannot be made here; its text says why, and what would make it."""


def torch_python(packages: Sequence[str]) -> str:
    """Path of a Python that has some packages: the one named, or this one.

    Parameters
    ----------
    packages : sequence of str
        Names as they are imported, as in ``("torch", "albumentations", "cv2")``.

    Raises
    ------
    NotMeasuredError
        If none is named and this one lacks a package, or the named one lacks it.
    ConfigError
        If what is named is no Python that runs.
    """
    python, wanted = os.environ.get(VARIABLE), ", ".join(packages)
    if not python:
        if all(importlib.util.find_spec(name) for name in packages):
            return sys.executable
        raise NotMeasuredError(f"{VARIABLE} is not set; it names a Python that has {wanted}")
    try:
        found = subprocess.run(
            [python, "-c", _PROBE, *packages], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(
            _no_python(python, getattr(error, "strerror", "") or str(error))
        ) from None
    if found.returncode != 0:
        last = (found.stderr.strip().splitlines() or [f"it ended with {found.returncode}"])[-1]
        raise ConfigError(_no_python(python, last))
    missing = found.stdout.split()
    if missing:
        raise NotMeasuredError(f"{VARIABLE}={python} lacks {', '.join(missing)}")
    return python


def _no_python(python: str, why: str) -> str:
    return (
        f"{VARIABLE}={python}: expected a Python that runs, but got: {why}; name one, as in "
        f"/path/to/venv/bin/python, or unset {VARIABLE}"
    )
