"""Executors by their names: ``local`` on this machine, ``ray`` on many."""

from __future__ import annotations

import os
from typing import Any

from helpers.core import ConfigError
from helpers.training.executors import EXECUTOR, Executor, LocalExecutor

EXECUTORS = ("local", "ray")


def find_executor(executor: Any = None) -> Executor:
    """An executor by name, or the one given.

    Parameters
    ----------
    executor : {"local", "ray"} or Executor, optional
        Where None, the one that `EXECUTOR` names, else "local".

    Raises
    ------
    ConfigError
        If there is none of that name, or Ray is not installed.
    """
    if executor is None:
        executor = os.environ.get(EXECUTOR) or "local"
    if not isinstance(executor, str):
        return executor  # type: ignore[no-any-return]
    if executor not in EXECUTORS:
        raise ConfigError(f"executor: expected one of {', '.join(EXECUTORS)}, got {executor!r}")
    if executor == "local":
        return LocalExecutor()
    from helpers.training.cluster.executor import RayExecutor  # and Ray with it

    return RayExecutor()
