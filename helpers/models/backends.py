"""Backends: which framework computes under Keras, and on how many devices of this machine.

Only the choice is made here. What is trained is written once, for all three frameworks.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers.core import ConfigError

BACKENDS = ("tensorflow", "jax", "torch")

BACKEND = "DERMBOOK_BACKEND"

DEVICES = "DERMBOOK_DEVICES"


def backend_name() -> str:
    """Name of the framework that trainings compute with; none is imported.

    Returns
    -------
    str
        ``DERMBOOK_BACKEND``, else that of Keras: of this process where it is imported
        already, else ``KERAS_BACKEND``, else the one in ``keras.json`` in Keras' folder, else
        "tensorflow".

    Raises
    ------
    ConfigError
        If it is none of `BACKENDS`.
    """
    name, place = os.environ.get(BACKEND), BACKEND
    if not name:
        place = "KERAS_BACKEND"
        if "keras" in sys.modules:
            name = sys.modules["keras"].backend.backend()
        else:
            name = os.environ.get(place) or _configured()
    if name not in BACKENDS:
        raise ConfigError(f"{place}: expected one of {', '.join(BACKENDS)}, got {name!r}")
    return str(name)


def _configured() -> str:
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        found = json.loads((folder / "keras.json").read_text(encoding="utf-8"))
        return str(found.get("backend", "tensorflow"))
    except (OSError, ValueError, AttributeError):
        return "tensorflow"


def choose_backend(name: str) -> None:
    """Make Keras compute with a framework; to be called before Keras is imported.

    Raises
    ------
    ConfigError
        If the framework is not installed here.
    """
    if importlib.util.find_spec(name) is None:
        there = [other for other in BACKENDS if importlib.util.find_spec(other) is not None]
        raise ConfigError(
            f"Keras' backend: expected {name}, but it is not installed in {sys.executable}; "
            f"install it, or set {BACKEND} (installed: {', '.join(there) or 'none'})"
        )
    os.environ["KERAS_BACKEND"] = name
    # Both are read when the framework starts; what the user has set stays.
    if name == "torch":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    flag = "--xla_gpu_deterministic_ops"
    if name == "jax" and flag not in (flags := os.environ.get("XLA_FLAGS", "")):
        os.environ["XLA_FLAGS"] = f"{flags} {flag}=true".strip()


def import_keras() -> None:
    """Import Keras without what it takes along for its wrappers, which no training uses.

    scikit-learn and matplotlib are a third of the time. Both can be imported afterwards.
    """
    needless = [name for name in ("matplotlib", "sklearn") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(needless))  # type: ignore[arg-type]
    try:
        import keras  # noqa: F401
    finally:
        for name in needless:
            del sys.modules[name]


def seed_everything(seed: int) -> None:
    """Seed all generators, and have the framework add in the same order each time."""
    import keras

    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True, warn_only=True)


def seed_epoch(*seed: int) -> None:
    """Under torch, begin the generator of dropout anew; to be called before each epoch.

    The other backends draw from states that are among a model's variables, and so in its
    checkpoint. Keras' dropout under torch draws from torch's own generator, which is not.

    Parameters
    ----------
    *seed : int
        Whatever the epoch's draws may depend on.
    """
    import keras

    if keras.backend.backend() == "torch":
        import torch

        torch.manual_seed(int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]))


def compiles() -> bool:
    """Whether a training step is compiled by XLA.

    JAX without it would run operation by operation. TensorFlow traces graphs of its own, and
    compiles too slowly for trainings of minutes; torch runs eagerly.
    """
    import keras

    return bool(keras.backend.backend() == "jax")


def find_devices() -> list[str]:
    """Devices to train on: all accelerators of this machine, or what ``DERMBOOK_DEVICES`` says.

    Returns
    -------
    list of str
        As in ``keras.distribution.list_devices``; empty where the framework is left to choose
        one device by itself.

    Raises
    ------
    ConfigError
        If ``DERMBOOK_DEVICES`` (such as "gpu:2": the first two GPUs) cannot be met.
    """
    import keras

    wanted = os.environ.get(DEVICES, "")
    match = re.fullmatch(r"(cpu|gpu|tpu):([1-9]\d*)", wanted)
    if wanted and not match:
        raise ConfigError(f"{DEVICES}: expected a kind and a number such as gpu:2, got {wanted!r}")
    backend = keras.backend.backend()
    if backend != "jax":
        if match and int(match[2]) > 1:
            raise ConfigError(
                f"{DEVICES}: expected {BACKEND}=jax for more than one device, got {backend}; "
                "Keras distributes a training under JAX alone"
            )
        return []
    if not match:
        devices = list(keras.distribution.list_devices())
        return [] if devices[0].startswith("cpu") else devices
    kind, count = match[1], int(match[2])
    try:
        devices = list(keras.distribution.list_devices(kind))
    except RuntimeError:  # JAX knows no such platform here
        devices = []
    if len(devices) < count:
        hint = "; XLA_FLAGS=--xla_force_host_platform_device_count=N simulates N of them"
        raise ConfigError(
            f"{DEVICES}: expected {count} devices of kind {kind}, this machine has {len(devices)}"
            + (hint if kind == "cpu" else "")
        )
    return devices[:count]


def device_count(available: int, sizes: Sequence[int]) -> int:
    """Most devices that divide each of the batch sizes evenly.

    >>> device_count(4, [64, 32]), device_count(3, [64]), device_count(2, [15])
    (4, 2, 1)
    """
    fitting = (n for n in range(1, available + 1) if all(size % n == 0 for size in sizes))
    return max(fitting, default=1)


def spread(sizes: Sequence[int]) -> int:
    """Have what is built from now on train data-parallel, where there are several devices.

    Each device holds all variables and computes an equal part of each batch. The gradient,
    and the statistics of batch normalisations, are those of the whole batch, as on one device.

    Parameters
    ----------
    sizes : sequence of int
        Images at once, in each stage.

    Returns
    -------
    int
        Devices in use: the most that divide `sizes` evenly.

    Raises
    ------
    ConfigError
        See `find_devices`.
    """
    import keras

    devices = find_devices()
    count = device_count(len(devices), sizes)
    if count == 1:
        return 1

    class DataParallel(keras.distribution.DataParallel):  # type: ignore[misc]
        def get_data_layout(self, data_shape: Sequence[int]) -> Any:
            if data_shape[0] % count == 0:
                return super().get_data_layout(data_shape)
            # What cannot be divided, every device computes whole.
            return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)

    keras.distribution.set_distribution(DataParallel(devices=devices[:count]))
    return count


def place(values: Any) -> Any:
    """Divide a batch among the devices in use, for a model's ``predict_on_batch``."""
    import keras

    distribution = keras.distribution.distribution()
    if distribution is None:
        return values
    layout = distribution.get_data_layout(values.shape)
    return keras.distribution.distribute_tensor(values, layout)
