"""The record of a finished trial: ``trial.json``, with times, memory, versions and checksums."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from helpers.core import sha256_file, write_json
from helpers.training.memory import device_memory_mb, peak_memory_mb
from helpers.training.trials import ENGINE_VERSION, Task


def write_record(
    task: Task,
    model: Any,
    rows: list[dict[str, float]],
    best: dict[str, float] | None,
    seconds: dict[str, float],
    n_train: int,
    memory: list[dict[str, Any]],
    devices: int = 1,
) -> None:
    """Write ``trial.json`` into ``task.work``, whose other files are there already.

    Parameters
    ----------
    task : Task
        What was trained.
    model : keras.Model
        The trained model.
    rows : list of dict
        The history, a row an epoch.
    best : dict or None
        The row of the best epoch.
    seconds : dict of str to float
        Seconds by phase.
    n_train : int
        Training images an epoch.
    memory : list of dict
        What was done about memory; see `helpers.training.memory.add_memory_step`.
    devices : int, default=1
        Among how many each batch was divided.
    """
    import keras

    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    seen = n_train * len(rows)
    fitting = sum(row["seconds"] for row in rows)
    files = ("model.keras", "history.csv", "predictions.parquet")
    record = {
        "config": task.config.model_dump(mode="json"),
        "key": task.key,
        "engine": ENGINE_VERSION,
        "epochs": len(rows),
        "best": best,
        "n_train": n_train,
        "parameters": int(model.count_params()),
        "trainable_parameters": trainable,
        "seconds": seconds,
        "images_per_second": seen / fitting,
        "peak_memory_mb": peak_memory_mb(),
        "memory_steps": memory,
        "devices": devices,
        "device_memory_mb": device_memory_mb(),
        "model_mb": (task.work / "model.keras").stat().st_size / 2**20,
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
        "sha256": {name: sha256_file(task.work / name) for name in files},
    }
    write_json(task.work / "trial.json", record)
