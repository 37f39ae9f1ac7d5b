"""What XLA and several steps an execution bring a training: seconds to start, images a second.

Both cost time before the first step and may save some in each. Where they do not win, the
engine leaves them off; this is the measurement behind that.

    python -m benchmarks.step_options --backbone EfficientNetLite0 --size 96 128
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.timing import in_child
from helpers.core import N_CLASSES
from helpers.models import BACKBONES, build_model, fast_layers, make_adam

OPTIONS: dict[str, dict[str, Any]] = {
    "as the engine trains": {"jit_compile": False, "steps_per_execution": 1},
    "8 steps an execution": {"jit_compile": False, "steps_per_execution": 8},
    "XLA": {"jit_compile": True, "steps_per_execution": 1},
}


def measure_option(
    options: dict[str, Any], backbone: str, size: tuple[int, int], batch_size: int, n_steps: int
) -> dict[str, float]:
    """Train on random pixels with one set of options of ``compile``, in a fresh process.

    Returns
    -------
    dict
        ``first`` is the seconds of the first epoch of `n_steps` steps, tracing and compiling
        included; ``rate`` the images a second of the epoch after it.
    """
    model = build_model(backbone, size)
    optimizer = make_adam(1e-3)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "categorical_crossentropy", **options)
    random = np.random.default_rng(0)
    n_images = n_steps * batch_size
    pixels = random.integers(0, 256, (n_images, *size, 3)).astype(np.float32)
    classes = np.eye(N_CLASSES, dtype=np.float32)[random.integers(0, N_CLASSES, n_images)]
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        with fast_layers():
            model.fit(pixels, classes, batch_size=batch_size, epochs=1, verbose=0)
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "rate": n_images / seconds[1]}


def main() -> None:
    """Measure every option and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backbone", default="EfficientNetLite0", choices=sorted(BACKBONES))
    parser.add_argument("--size", type=int, nargs=2, default=(96, 128))
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=16)
    told = parser.parse_args()
    size = (told.size[0], told.size[1])
    table = Table(title=f"{told.backbone}, {size[0]}x{size[1]} px, all layers learn")
    for column in ("options", "first epoch, s", "images/s then", "pays off after images"):
        table.add_column(column, justify="left" if column == "options" else "right")
    base: dict[str, float] = {}
    for name, options in OPTIONS.items():
        found = in_child(measure_option, options, told.backbone, size, told.batch_size, told.steps)
        base = base or found
        saved = 1 / base["rate"] - 1 / found["rate"]
        paid = "" if found is base else "never"
        if saved > 0:
            paid = f"{max(0.0, found['first'] - base['first']) / saved:,.0f}"
        table.add_row(name, f"{found['first']:.1f}", f"{found['rate']:.1f}", paid)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
