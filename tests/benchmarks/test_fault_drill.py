"""The drill that damages files: a short form of it, and that it finds what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fault_drill import ANSWERS, run_drill
from benchmarks.fault_kinds import KINDS, Kind
from helpers.core import ROOT, DermBookError

LIGHT = [kind.name for kind in KINDS if not kind.framework]


def test_damaged_files_are_told_or_made_again() -> None:
    """Some cases of the kinds that need no framework, in a process that has none."""
    asked = [part for name in LIGHT for part in ("--kind", name)]
    command = [sys.executable, "-m", "benchmarks.fault_drill", "--cases", "14", "--seed", "11"]
    done = subprocess.run(
        [*command, *asked], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" cases, 0 faults")


def make(folder: Path) -> None:
    """Two files, one of them damaged."""
    (folder / "damaged.txt").write_text("42 " * 20)
    (folder / "kept.txt").write_text("whole")


def read(folder: Path) -> str:
    """What the file holds; an error of the project's own where it is gone."""
    path = folder / "damaged.txt"
    if not path.is_file():
        raise DermBookError(f"{path} is missing")
    return path.read_bytes().decode("ascii")


def lose(folder: Path) -> str:
    """Remove a file that nobody touched, wherever another is damaged."""
    path = folder / "damaged.txt"
    if not path.is_file() or path.read_bytes() != b"42 " * 20:
        (folder / "kept.txt").unlink()
    return "42"


def untold(folder: Path) -> str:
    """An error that does not say which file."""
    if (folder / "damaged.txt").is_file():
        return str(sum((folder / "damaged.txt").read_bytes()))
    raise DermBookError("something is missing")


@pytest.mark.parametrize(
    ("use", "found"),
    [
        (read, {"wrong", "traceback", "told"}),
        (lose, {"lost"}),
        (untold, {"untold", "wrong"}),
    ],
)
def test_faults_are_found(use, found, tmp_path: Path) -> None:
    """Another result, a traceback, a message without a name, a file that is gone."""
    kind = Kind("text", 1, make, use, "damaged.txt", True)
    cases = list(run_drill(24, 0, tmp_path, (kind,)))
    ends = {case["end"] for case in cases}
    assert found <= ends <= found | {"same"}
    assert len(cases) == 24
    assert found - set(ANSWERS)
