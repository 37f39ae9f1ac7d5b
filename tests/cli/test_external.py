"""``dermbook evaluate`` and ``dermbook predict``: what they take, print and write."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.stand_in_scorer import StandIn, labelled_rows, one_hot, write_pictures
from typer.testing import CliRunner

from helpers.cli import main as cli
from helpers.serving import external


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures, their truth, and a stand-in for every model."""
    rows = labelled_rows()
    write_pictures(tmp_path / "images", rows)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    one_hot(rows).to_csv(tmp_path / "one_hot.csv", index=False)
    asked: list[object] = []
    monkeypatch.setattr(external, "open_scorer", lambda spec: asked.append(spec) or StandIn())
    return tmp_path


def call(*arguments: object):
    """Call ``dermbook`` with arguments."""
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(cli.app, words, env={"COLUMNS": "200"})


def test_evaluate(folder: Path) -> None:
    """The headline first, notes, and the page's place last."""
    result = call(
        "evaluate", "box", "--images", folder / "images", "--truth", folder / "one_hot.csv",
        "--metadata", folder / "rows.csv", "--parts", "dataset", "--face", "single",
        "--to", folder / "out",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    lines = result.output.strip().splitlines()
    assert lines[0].startswith("Balanced multiclass accuracy")
    assert lines[-1] == str(folder / "out" / "evaluation.html")
    assert (folder / "out" / "scores.csv").is_file()


def test_evaluate_refuses_before_it_computes(folder: Path) -> None:
    """A folder of other files, a table that is none."""
    result = call(
        "evaluate", "--images", folder / "images", "--truth", folder / "one_hot.csv",
        "--to", folder,
    )  # fmt: skip
    assert result.exit_code == 1 and "holds something else" in result.output
    result = call(
        "evaluate", "--images", folder / "images", "--truth", folder / "none.csv",
        "--to", folder / "out",
    )  # fmt: skip
    assert result.exit_code == 1 and "check the name" in result.output
    assert not (folder / "out").exists()


@pytest.mark.parametrize("layout", ["challenge", "table"])
def test_predict(folder: Path, layout: str) -> None:
    """Both layouts, in a folder that is made."""
    target = folder / "new" / "out.csv"
    result = call("predict", folder / "images", "--to", target, "--layout", layout)
    assert result.exit_code == 0, result.output
    assert "42 images in" in result.output
    first = target.read_text().splitlines()[0]
    assert first.startswith("image,MEL" if layout == "challenge" else "image_id,predicted")
