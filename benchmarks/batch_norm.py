"""What micro-batches change where batch normalisations learn, and where they do not.

A step of accumulated micro-batches has the gradient of the whole batch, but for a network that
learns its batch normalisations: those see the statistics of a micro-batch. This trains one
network from random weights, whole and in parts, on the drawn sample, over several seeds; and
the last layers of a pretrained one, whose normalisations are frozen.

    python -m benchmarks.batch_norm
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
import pandas as pd

from helpers.dataset import load_catalogue, open_source, split_catalogue
from helpers.training import (
    LocalExecutor,
    Stage,
    Task,
    Trial,
    TrialConfig,
    add_memory_step,
    memory_steps,
    prepare_task,
)

BATCH = 32


def _train(config: TrialConfig, catalogue: pd.DataFrame, micro_batch: int) -> Trial:
    task = prepare_task(config, catalogue)
    folder = task.folder.with_name(f"{task.key}-micro-{micro_batch}")
    task = Task(folder.name, config, task.table, task.images, folder)
    if micro_batch < BATCH and not memory_steps(task.work):
        task.work.mkdir(parents=True, exist_ok=True)
        add_memory_step(task.work, micro_batch, BATCH, "asked for")
    LocalExecutor().run([task], lambda event: None)
    return Trial(folder, config)


def measure(n_images: int, seeds: int, epochs: int) -> list[dict[str, Any]]:
    """Train every case.

    Returns
    -------
    list of dict
        A case each: ``network``, ``micro_batch``, the mean over seeds of the last training
        ``loss`` and of the best ``val_balanced_accuracy``, and of the mean absolute difference
        of its probabilities from those of whole batches (``moved``).
    """
    source = open_source("sample", sample_images=n_images)
    catalogue = split_catalogue(load_catalogue(source))
    common = {"class_weight": "sqrt", "monitor": "val_balanced_accuracy"}
    shapes = {
        "MobileNetV2, all learns": dict(
            common,
            backbone="MobileNetV2",
            batch_norm_momentum=0.9,
            stages=(Stage(trainable="all", batch_size=BATCH, epochs=epochs, decay="cosine"),),
        ),
        "EfficientNetLite0, last layers": dict(
            common,
            backbone="EfficientNetLite0",
            weights="imagenet",
            stages=(Stage(trainable=60, learning_rate=2e-4, batch_size=BATCH, epochs=epochs),),
        ),
    }
    table = []
    for name, fields in shapes.items():
        whole: dict[int, Any] = {}
        for micro_batch in (BATCH, 8, 2):
            found = []
            for seed in range(seeds):
                config = TrialConfig(name=name, image_size=(48, 64), seed=seed, **fields)
                trial = _train(config, catalogue, micro_batch)
                y_prob = trial.predictions.filter(like="p_").to_numpy()
                whole.setdefault(seed, y_prob)
                best = trial.history["val_balanced_accuracy"].max()
                last = trial.history["loss"].iloc[-1]
                found.append((last, best, np.abs(y_prob - whole[seed]).mean()))
            loss, best, moved = np.mean(found, axis=0)
            table.append(
                {
                    "network": name,
                    "micro_batch": micro_batch,
                    "loss": round(float(loss), 3),
                    "val_balanced_accuracy": round(float(best), 3),
                    "moved": round(float(moved), 4),
                }
            )
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    table = measure(options.images, options.seeds, options.epochs)
    print(pd.DataFrame(table).to_string(index=False))
    print(json.dumps(table))


if __name__ == "__main__":
    main()
