"""Servers of kernels that import no framework, where no kernel of a test trains.

To import it takes a server longer than most of these tests take; tests of what forked kernels find
imported use a server as it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

LIGHT = """
import sys
if "helpers.report.kernels" in sys.orig_argv:
    import helpers.training
    helpers.training.import_framework = lambda: None
"""


def running(code: str, folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of processes that run ``code``, kept in ``folder``, when they start."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    path = filter(None, [str(folder), environment.get("PYTHONPATH")])
    return dict(environment) | {"PYTHONPATH": os.pathsep.join(path)}
