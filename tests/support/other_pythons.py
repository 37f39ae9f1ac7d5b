"""Interpreters that have Keras' other backends, for tests in processes of their own.

A backend that is not installed beside the tests is looked for in another interpreter:
``DERMBOOK_PYTHON_JAX=/path/to/python``, ``DERMBOOK_PYTHON_TORCH``, ``DERMBOOK_PYTHON_TENSORFLOW``.
"""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest

from helpers.core import ROOT


def interpreter(backend: str) -> str:
    """The Python that has a backend, or a skipped test."""
    variable = f"DERMBOOK_PYTHON_{backend.upper()}"
    if os.environ.get(variable):
        return os.environ[variable]
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; set {variable} to a Python that has it")
    return sys.executable


def environment(backend: str, **variables: str) -> dict[str, str]:
    """Variables of this process, for a script that imports the project."""
    own = {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own, **variables}
