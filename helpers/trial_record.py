"""The record of a finished trial: ``trial.json``, with times, memory, versions and checksums."""

from __future__ import annotations

import platform
import sys
from typing import Any

import numpy as np

from helpers.files import sha256_file, write_json
from helpers.trials import ENGINE_VERSION, Task


def _peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MiB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / (2**20 if sys.platform == "darwin" else 2**10))


def _device_memory_mb() -> float | None:
    """Largest memory taken on the first GPU, in MiB; None without one."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return None
    return float(tf.config.experimental.get_memory_info("GPU:0")["peak"]) / 2**20


def write_record(
    task: Task,
    model: Any,
    rows: list[dict[str, float]],
    best: dict[str, float] | None,
    seconds: dict[str, float],
    n_train: int,
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
        "peak_memory_mb": _peak_memory_mb(),
        "device_memory_mb": _device_memory_mb(),
        "model_mb": (task.work / "model.keras").stat().st_size / 2**20,
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
        "sha256": {name: sha256_file(task.work / name) for name in files},
    }
    write_json(task.work / "trial.json", record)
