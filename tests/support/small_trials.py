"""Trials of a few bytes, as a training would have left them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.core.files import sha256_file, write_json
from helpers.training.trials import ENGINE_VERSION

HOLD = (
    "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); "
    "print('held', flush=True); sys.stdin.read()"
)
FILES = ("model.keras", "history.csv", "predictions.parquet")


def write_trial(
    folder: Path,
    key: str,
    *,
    name: str = "small",
    backbone: str = "ResNet50",
    age: float = 0.0,
    engine: int = ENGINE_VERSION,
    **record: Any,
) -> Path:
    """Write a finished trial of `age` days; further arguments go into its record."""
    place = folder / key
    place.mkdir(parents=True)
    for number, file in enumerate(FILES):
        (place / file).write_bytes(bytes(100 * (number + 1)))
    facts = {
        "config": {
            "name": name,
            "backbone": backbone,
            "image_size": [32, 48],
            "weights": "none",
            "stages": [{"trainable": "all", "epochs": 4}],
        },
        "key": key,
        "engine": engine,
        "epochs": 4,
        "best": {"val_balanced_accuracy": 0.5, "epoch": 3, "learning_rate": 1e-3},
        "seconds": {"train": 10.0, "predict_and_save": 1.0, "total": 12.0},
        "images_per_second": 12.5,
        "peak_memory_mb": 1536.0,
        "sha256": {file: sha256_file(place / file) for file in FILES},
    }
    write_json(place / "trial.json", facts | record)
    set_age(place / "trial.json", age)
    return place


def write_work(folder: Path, key: str, rows: int | None = None) -> Path:
    """Write an unfinished trial; with a checkpoint after `rows` epochs."""
    place = folder / f"{key}.work"
    place.mkdir(parents=True)
    (place / "training.log").write_text("began\n")
    if rows is not None:
        write_json(place / "state.json", {"rows": [{"epoch": n + 1} for n in range(rows)]})
    return place


def set_age(path: Path, days: float) -> None:
    """Make a file as old as that."""
    moment = time.time() - days * 86400
    os.utime(path, (moment, moment))


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Another process holds a lock."""
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdin is not None
        assert child.stdout.readline() == b"held\n"
        yield
        child.stdin.close()
