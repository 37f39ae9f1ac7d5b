"""Interpreters that have Keras' other backends, for tests in processes of their own.

A backend that is not installed beside the tests is looked for in another interpreter:
``DERMBOOK_PYTHON_JAX=/path/to/python``, ``DERMBOOK_PYTHON_TORCH``, ``DERMBOOK_PYTHON_TENSORFLOW``.
"""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest

from helpers.core import ROOT, cache_home


def interpreter(backend: str) -> str:
    """The Python that has a backend, or a skipped test."""
    variable = f"DERMBOOK_PYTHON_{backend.upper()}"
    if os.environ.get(variable):
        return os.environ[variable]
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; set {variable} to a Python that has it")
    return sys.executable


XLA_QUICK = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
"""JAX takes a third of the time to compile what these tests compute a few times."""


def compiled(n_devices: int = 1) -> dict[str, str]:
    """Variables with which JAX compiles soon, and keeps it for the processes after it.

    Parameters
    ----------
    n_devices : int, default=1
        Of the CPU, as JAX simulates them.
    """
    devices = f"--xla_force_host_platform_device_count={n_devices}"
    return {
        "XLA_FLAGS": f"{XLA_QUICK} {devices}" if n_devices > 1 else XLA_QUICK,
        "JAX_COMPILATION_CACHE_DIR": str(cache_home() / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def environment(backend: str, **variables: str) -> dict[str, str]:
    """Variables of this process, for a script that imports the project."""
    own = {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    own |= compiled() if backend == "jax" else {}
    return {**os.environ, **own, **variables}
