"""Training steps as this project's engine takes them, of one constant batch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from benchmarks.peers.line_protocol import serve


def counts(model: Any) -> dict[str, int]:
    """Parameters of a model, and how many learn.

    Running means and variances are variables in Keras but buffers in torch, and do not count.
    """
    variables = [variable for variable in model.variables if "moving_" not in variable.path]
    return {
        "parameters": sum(math.prod(variable.shape) for variable in variables),
        "learning": sum(math.prod(variable.shape) for variable in model.trainable_variables),
    }


def start(settings: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], int]]:
    """Build the network and take the first step; see `benchmarks.training_peer`."""
    began = time.perf_counter()
    import keras
    import numpy as np

    from helpers.models import (
        build_model,
        fast_layers,
        folded_calls,
        make_adam,
        set_trainable,
    )

    imported = time.perf_counter()
    size = (settings["size"][0], settings["size"][1])
    weights = "imagenet" if settings["weights_file"] else "none"
    model = build_model(settings["backbone"], size, weights=weights)
    set_trainable(model, settings["trainable"])
    optimizer = make_adam(settings["learning_rate"])
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "categorical_crossentropy", jit_compile=False)
    n, n_classes = settings["batch_size"], settings["n_classes"]
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (n, *size, 3), dtype=np.uint8)
    classes = np.eye(n_classes, dtype=np.float32)[random.integers(0, n_classes, n)]
    built = time.perf_counter()

    from helpers.training.batches import QUEUE

    class Constant(keras.utils.PyDataset):  # type: ignore[misc]
        def __init__(self, n_batches: int) -> None:
            super().__init__(**QUEUE)
            self.n_batches = n_batches

        def __len__(self) -> int:
            return self.n_batches

        def __getitem__(self, index: int) -> Any:
            return pixels, classes

    def work(steps: int = settings["steps"]) -> int:
        with fast_layers(), folded_calls(model, learning=True):
            model.fit(Constant(steps), epochs=1, verbose=0, shuffle=False)
        return int(steps * n)

    work(1)
    facts = {
        "import": imported - began,
        "build": built - imported,
        "first_step": time.perf_counter() - built,
        **counts(model),
        "version": keras.__version__,
    }
    return facts, work


if __name__ == "__main__":
    serve(start)
