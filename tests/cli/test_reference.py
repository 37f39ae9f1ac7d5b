"""``dermbook reference``: collects, checks and makes again; needs no framework."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from support.kept_study import make_run
from typer.testing import CliRunner

from helpers.cli import main as cli
from helpers.core import ROOT, write_json


def call(*arguments: str | Path) -> Result:
    """Call ``dermbook reference`` in a wide terminal."""
    told = ["reference", *map(str, arguments)]
    return CliRunner().invoke(cli.app, told, env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that the command wrote."""
    home = tmp_path_factory.mktemp("home")
    run, _ = make_run(home, {"05_model_comparison": {"Good": 0.8, "Poor": 0.5}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERMBOOK_HOME", str(home))
        done = call("--collect", run, "--data", home / "reference")
    assert done.exit_code == 0, done.output
    assert "2 trials" in done.output
    return home


def test_results_are_made_without_tensorflow(collected: Path, tmp_path: Path) -> None:
    """In a process where no framework can be imported."""
    code = (
        "import sys; sys.modules |= dict.fromkeys(['tensorflow', 'keras']); "
        "from helpers.cli.main import app; app()"
    )
    options = ["--data", collected / "reference", "--figures", tmp_path, "--readme", tmp_path / "x"]
    done = subprocess.run(
        [sys.executable, "-c", code, "reference", "--recompute", *map(str, options)],
        cwd=ROOT,
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results.md").read_text(encoding="utf-8").count("| ") > 10


def test_faults_are_one_message(collected: Path, tmp_path: Path) -> None:
    """No study, no run of this name, runs on unlike images."""
    for arguments, words in (
        (["--data", tmp_path], "--collect RUN"),
        (["--collect", "nosuch", "--data", tmp_path / "r"], "nosuch is none"),
    ):
        done = call(*arguments)
        assert (done.exit_code, words in done.output) == (1, True), done.output
    other = tmp_path / "other"
    write_json(other / "source.json", {"name": "other"})
    write_json(other / "trials" / "05.json", [])
    run = collected / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERMBOOK_HOME", str(collected))
        done = call("--collect", run, "--collect", other, "--data", tmp_path / "r")
    assert "tells of others" in done.output
    assert not (tmp_path / "r").exists()
