"""Runs the tests that need Ray with an interpreter that has it, where this one has not."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest
from support.other_pythons import environment, interpreter

from helpers.core import ROOT


@pytest.mark.slow
def test_on_ray_in_another_interpreter() -> None:
    """The interpreter that ``DERMBOOK_PYTHON_RAY`` names passes `test_on_ray.py`, whole."""
    if importlib.util.find_spec("ray") is not None:
        pytest.skip("Ray is installed here, and its tests run here")
    files = [str(Path(__file__).with_name(name)) for name in ("test_on_ray.py", "test_storage.py")]
    done = subprocess.run(
        [interpreter("ray"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env=environment("tensorflow"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout and "test_on_ray.py: Ray" not in done.stdout
