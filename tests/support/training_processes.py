"""The processes that train for this one."""

from __future__ import annotations

from contextlib import suppress

import psutil


def training_processes() -> list[psutil.Process]:
    """Children of this process that train, or wait for the next training; none that has ended."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "helpers.training" in child.cmdline():
                found.append(child)
    return found
