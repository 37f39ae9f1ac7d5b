"""What is said of memory: parts of a peak, kinds of processes, trainings under way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from benchmarks.memory import (
    Sample,
    Use,
    Watch,
    kind_of,
    look,
    memory_table,
    native_config,
    peak_of,
    under_way,
    use_of,
)
from helpers.core import ConfigError

linux = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells what pages are shared"
)

SAMPLES = [
    Sample(10.0, (("command", Use(100, 90, 200)),), ("01_overview",)),
    Sample(
        11.0,
        (
            ("command", Use(80, 70, 200)),
            ("trainings", Use(400, 300, 600)),
            ("trainings", Use(300, 250, 500)),
        ),
        ("04_augmentation",),
    ),
    Sample(12.0, (("command", Use(150, 140, 260)),)),
]


def test_the_peak_is_of_all_processes_together() -> None:
    """The moment counts at which all of them hold most, and each kind has one of its own."""
    peak = peak_of(SAMPLES)
    assert peak.time == 11.0
    assert peak.total() == Use(780, 620, 1300)
    assert peak.total("trainings") == Use(700, 550, 1100)
    assert peak_of(SAMPLES, "command").time == 12.0


def test_the_table_has_a_row_a_kind_and_their_sum() -> None:
    """Number, memory at the peak, and most at any time of a kind and of one of it."""
    console = Console(width=120, record=True)
    console.print(memory_table("title", SAMPLES))
    rows = {}
    for line in console.export_text().splitlines():
        name, *cells = (cell.strip() for cell in line.strip("│┃ ").split("│"))
        rows[name] = cells
    assert rows["command"] == ["1", "80", "70", "200", "150", "150"]
    assert rows["trainings"] == ["2", "700", "550", "1,100", "700", "400"]
    assert rows["all"][:4] == ["3", "780", "620", "1,300"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ipykernel_launcher", "kernels"),
        ("dermbook-template", "templates of trainings"),
        ("python -m helpers.training.template 7", "templates of trainings"),
        ("helpers.training", "trainings"),
        ("python -m helpers.report.kernels 5", "template of kernels"),
        ("git log", "others"),
    ],
)
def test_kinds_are_read_from_command_lines(line: str, kind: str) -> None:
    """The template of trainings is no training."""
    assert kind_of(line, False) == kind
    assert kind_of(line, True) == "command"


@linux
def test_memory_of_a_child_is_seen_and_shared_pages_count_once() -> None:
    """A child's own pages are added; pages that it shares with its parent are divided."""
    own = use_of(os.getpid())
    assert own is not None and 0 < own.anonymous <= own.pss <= own.rss
    code = "held = b'x' * 2**26; print(flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None and child.stdout is not None
    child.stdout.readline()
    process = psutil.Process(child.pid)
    with Watch(process, lambda: ["a chapter"], interval=0.01) as watch:
        assert watch.seen.wait(60)
    seen = watch.samples[0]
    assert seen.total().pss > 64 and seen.running == ("a chapter",)
    child.communicate(b"\n")
    assert look(process).processes == () and use_of(child.pid) is None


def test_trainings_under_way_are_those_that_have_begun_and_not_ended(tmp_path: Path) -> None:
    """What was told until the moment counts, and one from the cache never began."""
    events = [
        (1, "One: building the model", 0, False),
        (2, "Two: from the cache", None, False),
        (3, "One: epoch 1/3, loss 0.1, validation accuracy 0.5", 1, False),
        (4, "Three: building the model", 0, False),
        (5, "One: 3 epochs in 4 s", 3, True),
    ]
    lines = [
        json.dumps(
            {"time": t, "chapter": "04_x", "text": text, "done": done, "total": 3, "finished": end}
        )
        for t, text, done, end in events
    ]
    path = tmp_path / "state" / "04_x.events.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(lines) + "\n")
    assert under_way(tmp_path, 3.5) == ["04 One, 1 of 3 epochs"]
    assert under_way(tmp_path, 6) == ["04 Three, 0 of 3 epochs"]


def test_native_sizes_are_those_of_the_full_profile() -> None:
    """The largest size of a network, its batches, random weights and two epochs a stage."""
    config = native_config("EfficientNetB3")
    assert config.image_size == (300, 300) and config.weights == "none"
    assert [(s.batch_size, s.epochs) for s in config.stages] == [(64, 2), (32, 2)]
    (stage,) = native_config("ResNet50", "all").stages
    assert (stage.trainable, stage.batch_size) == ("all", 32)
    small = native_config("ResNet50", "all", (56, 64), epochs=3)
    assert small.image_size == (56, 64) and small.stages[0].epochs == 3
    with pytest.raises(ConfigError, match="VGG19"):
        native_config("VGG19")
