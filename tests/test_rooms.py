"""The rooms of helpers: what they hold, which way their imports go, and what stays unloaded."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from helpers.core import ROOT

HELPERS = ROOT / "helpers"
ROOMS = sorted(path.parent for path in HELPERS.rglob("__init__.py") if path.parent != HELPERS)
SOURCES = sorted(HELPERS.rglob("*.py"))
NAMED = re.compile(r"``([\w./-]+\.(?:py|typ|j2|css|js|mplstyle))``")
DOTTED = re.compile(r"`(helpers(?:\.\w+)+)`")
HEAVY = ("tensorflow", "keras", "tf_keras_vis", "torch", "jax", "ray", "fsspec")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the way of imports in a folder that holds ``helpers`` and ``pyproject.toml``."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_few_modules_lie_outside_of_rooms() -> None:
    """At most six; what is new finds a room."""
    assert len([path for path in HELPERS.glob("*.py") if path.name != "__init__.py"]) <= 6


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: path.relative_to(HELPERS).as_posix())
def test_a_room_says_what_it_is_for(room: Path) -> None:
    """In one line; and every name that it hands on is there."""
    name = ".".join(room.relative_to(ROOT).parts)
    module = importlib.import_module(name)
    assert module.__doc__ and len(module.__doc__.strip().splitlines()) == 1
    for public in getattr(module, "__all__", []):
        assert getattr(module, public) is not None, public


@pytest.mark.parametrize(
    ("place", "line", "contract"),
    [
        ("dataset/splits.py", "from helpers.evaluation import wilson", "A room imports only"),
        ("training/losses.py", "def f():\n    import helpers.plots", "A room imports only"),
        ("serving/cards/card.py", "import helpers.serving.apps", "A room of serving"),
        ("dataset/layout.py", "import helpers.dataset.catalogue", "No circle"),
        ("evaluation/scoring.py", "def f():\n    import keras", "compute with arrays alone"),
        ("training/trials.py", "import helpers.cli", "A room imports only"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, place: str, line: str, contract: str) -> None:
    """Upwards, in a circle or of a framework, at the top or in a function: the check fails."""
    shutil.copytree(HELPERS, tmp_path / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with open(tmp_path / "helpers" / place, "a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert any(contract in row and "BROKEN" in row for row in done.stdout.splitlines())


def test_files_that_words_name_are_there() -> None:
    """Or are written by the module itself, which then has the name as a text."""
    there = {path.name for top in ("helpers", "apps") for path in (ROOT / top).rglob("*.*")}
    absent, seen = [], 0
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        for place in NAMED.findall(text):
            name = place.rpartition("/")[2]
            seen += 1
            if "NN" not in name and name not in there and f'"{name}"' not in text:
                absent.append(f"{path.relative_to(ROOT)}: {place}")
    assert seen
    assert not absent


def test_modules_that_words_name_are_there() -> None:
    """A name with dots, in quotes, is a module or something in one."""
    absent, seen = [], 0
    for path in SOURCES:
        for name in set(DOTTED.findall(path.read_text(encoding="utf-8"))):
            seen += 1
            if not _leads_somewhere(name.split(".")):
                absent.append(f"{path.relative_to(ROOT)}: {name}")
    assert seen
    assert not absent


def _leads_somewhere(parts: list[str]) -> bool:
    for end in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:end])
        if place.is_dir() or place.with_suffix(".py").is_file():
            if end == len(parts):
                return True
            file = place / "__init__.pyi" if place.is_dir() else place.with_suffix(".py")
            return file.is_file() and bool(re.search(rf"\b{parts[end]}\b", file.read_text("utf-8")))
    return False


def test_evaluation_and_plots_load_no_framework() -> None:
    """Whatever they import imports none of Keras and its backends, nor Ray."""
    rooms = "helpers.evaluation, helpers.screening, helpers.plots, helpers.training"
    assert _loaded(rooms, HEAVY) == "[]"


def test_scores_load_no_scikit_learn() -> None:
    """It takes a second, and curves alone need it: what serves a model does not wait for it."""
    assert _loaded("helpers.evaluation, helpers.screening", ("sklearn", "scipy.stats")) == "[]"


def _loaded(modules: str, names: Sequence[str]) -> str:
    """Which of the names are loaded in a process that has imported modules."""
    code = f"import sys, {modules}; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"EAGER_IMPORT": "1"},  # all that the rooms hand on
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
