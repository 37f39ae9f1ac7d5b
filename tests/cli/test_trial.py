"""``dermbook trial``: what it lists, trains and prints."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from helpers.cli import main as cli
from helpers.cli import trial as trial_command
from helpers.cli.trial import TrialLines, presets_table
from helpers.core.errors import TrialError
from helpers.core.files import sha256_file
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.sources import open_source
from helpers.dataset.split_files import write_split
from helpers.dataset.splits import split_catalogue
from helpers.study.presets import find_preset, load_presets


def call(*arguments: str) -> Result:
    """Call ``dermbook`` in a wide terminal."""
    return CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})


def test_presets_are_listed() -> None:
    """With and without --list, one line each under a header."""
    for arguments in (("trial",), ("trial", "--list")):
        lines = call(*arguments).output.splitlines()
        assert [line.split()[0] for line in lines] == ["preset", *load_presets()]
    console = Console(width=80, record=True, file=StringIO())
    console.print(presets_table())
    assert len(console.export_text().splitlines()) == 6


def test_options_reach_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option under its own name; the defaults train as published."""
    seen: list[dict[str, Any]] = []

    def train_preset(name: str, console: Console, **options: Any) -> None:
        seen.append(options | {"name": name})

    monkeypatch.setattr(trial_command, "train_preset", train_preset)
    assert call("trial", "focal-ensemble").exit_code == 0
    changed = call(
        *("trial", "course-report", "--profile", "quick", "--source", "x", "--seed", "3"),
        *("--protocol", "lesion", "--backbone", "ResNet50", "--max-images", "90"),
        *("--split", "split.csv"),
    )
    assert changed.exit_code == 0
    assert seen == [
        {
            "name": "focal-ensemble", "profile": "full", "source": None, "protocol": None,
            "backbone": None, "max_images": None, "seed": None, "split_file": None,
        },
        {
            "name": "course-report", "profile": "quick", "source": "x", "protocol": "lesion",
            "backbone": "ResNet50", "max_images": 90, "seed": 3, "split_file": Path("split.csv"),
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "expected one of course-report, binary-screening"),
        (("vgg16-tutorial", "--backbone", "ResNet50"), "published with (VGG16)"),
        (("vgg16-tutorial", "--profile", "fast"), "profile: expected one of"),
        (("vgg16-tutorial", "--source", "nowhere"), "no such name, folder or archive"),
        (("vgg16-tutorial", "--profile", "smoke", "--split", "none.csv"), "dermbook data split"),
        (
            ("vgg16-tutorial", "--profile", "smoke", "--split", "x", "--protocol", "published"),
            "expected --protocol lesion",
        ),
    ],
)
def test_mistakes_are_messages(arguments: tuple[str, ...], message: str) -> None:
    """Exit status 1 and what to do instead, before anything is trained."""
    result = call("trial", *arguments)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert message in result.stderr and "Traceback" not in result.output
    assert call("trial", "vgg16-tutorial", "--protocol", "image").exit_code == 2


def test_both_commands_are_told_apart() -> None:
    """The help of one names the other."""
    text = " ".join(call("--help").output.replace("│", " ").split())
    assert "Train a published system by its preset" in text
    assert "List, show or prune finished trainings" in text
    assert "--protocol" in call("trial", "--help").output


def test_lines_are_printed_as_they_end() -> None:
    """Into a pipe one line a trial, not one an epoch."""
    console = Console(width=100, record=True, file=StringIO())
    with TrialLines(console, ["a", "b"]) as lines:
        for kind, text in (("start", "building"), ("epoch", "epoch 1/2"), ("done", "2 epochs")):
            lines.update({"kind": kind, "trial": "a", "text": text})
        lines.update({"kind": "cached", "trial": "b", "text": "from the cache"})
    assert console.export_text().splitlines() == ["a: 2 epochs", "b: from the cache"]


def test_more_trials_than_lines_are_counted() -> None:
    """A terminal of five lines shows those in training, and how many there are."""
    console = Console(width=60, height=5, file=StringIO(), force_terminal=True)
    lines = TrialLines(console, [f"trial-{number}" for number in range(9)])
    with lines:
        lines.update({"kind": "done", "trial": "trial-0", "text": "2 epochs"})
        lines.update({"kind": "epoch", "trial": "trial-4", "text": "epoch 1/2"})
        assert lines.live is not None
        shown = [str(line) for line in lines.live.renderable.renderables[0].renderables]  # type: ignore[union-attr]
    assert shown == ["9 trials: 1 ended, 7 waiting", "trial-4: epoch 1/2"]


@pytest.mark.slow
def test_a_system_is_trained_and_set_beside_its_claims(tiny_folder: Path) -> None:
    """Trained once, then from the cache; scores, claims, choices and the folder are printed."""
    # A seed of its own: with the profile's, another test may have trained it already.
    arguments = ["trial", "binary-screening", "--profile", "smoke", "--source", str(tiny_folder)]
    arguments += ["--seed", "5"]
    first = call(*arguments)
    assert first.exit_code == 0, first.output + first.stderr
    assert "1 epochs in" in first.output
    second = call(*arguments)
    assert "Binary screening, by image: from the cache" in second.output
    for part in (
        "0.776 [0.746, 0.804], n\u00a0=\u00a0782",
        "ROC AUC",
        "validation",
        "made small by the profile smoke (SmallNetwork for ResNet50; random weights for ImageNet",
        "trained on drawn pictures",
        "clahe = clip_limit 2, tiles 8: ",
        find_preset("binary-screening").protocol.words,
        "Binary screening, by image lies in ",
    ):
        assert part in second.output, part
    folder = Path(second.output.rpartition(" lies in ")[2].strip())
    assert (folder / "model.keras").is_file()


def test_a_split_file_divides_a_system(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained on the file's split, by lesion; file and hash are printed before the training."""
    source = load_catalogue(open_source(tiny_folder))
    given = split_catalogue(source, (0.5, 0.3, 0.2), seed=9)
    path = write_split(given, tmp_path / "split.csv")
    seen: list[Any] = []

    def run_trials(configs: Any, catalogues: Any, **options: Any) -> None:
        seen.extend([catalogues, options["grouped"]])
        raise TrialError("enough")

    monkeypatch.setattr(trial_command, "run_trials", run_trials)
    arguments = ["trial", "course-report", "--profile", "smoke", "--source", str(tiny_folder)]
    result = call(*arguments, "--split", str(path))
    assert result.exit_code == 1 and "enough" in result.stderr
    assert f"divided by lesion as {path} says (SHA-256 {sha256_file(path)})" in result.output
    (table,), grouped = seen
    assert grouped and table["split"].equals(given["split"])


@pytest.mark.slow
def test_weights_that_cannot_be_had_are_a_message(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As published, without a network: the error that names the ways out."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    result = call("trial", "vgg16-tutorial", "--source", str(tiny_folder))
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    for part in ("VGG16: its ImageNet weights", "could not be downloaded", "weights_dir"):
        assert part in result.stderr, part
