"""What has to be the same on all machines for a trial to have the same numbers."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata

from helpers.core import ROOT

PACKAGES = ("keras", "numpy", "pandas", "opencv-python-headless", "pyarrow")

_FRAMEWORKS = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}


@cache
def project_digest() -> str:
    """Hash of the project's own code."""
    total = hashlib.sha256()
    for path in sorted((ROOT / "helpers").rglob("*.py")):
        total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:12]


def facts_here(backend: str) -> dict[str, str]:
    """Versions on this machine; nothing is imported.

    Parameters
    ----------
    backend : {"tensorflow", "jax", "torch"}
        What trials compute with.
    """
    facts = {"Python": platform.python_version(), "the project": project_digest()}
    facts[backend] = next(filter(None, map(_version, _FRAMEWORKS[backend])), "none")
    return facts | {name: _version(name) or "none" for name in PACKAGES}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """What differs between two machines, a line each."""
    return [
        f"{name} is {there.get(name, 'none')} there and {value} here"
        for name, value in here.items()
        if there.get(name) != value
    ]
