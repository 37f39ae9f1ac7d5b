"""What is said of memory: the parts of a peak, trainings under way, native sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console
from support.memory_samples import SAMPLES

from benchmarks.memory import memory_table, native_config, under_way
from helpers.core import ConfigError


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
