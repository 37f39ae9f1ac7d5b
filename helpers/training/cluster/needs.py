"""What a trial asks of a machine: cores, a GPU, memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helpers.core import ConfigError
from helpers.training.trials import Task

TRIAL_CPUS = "DERMBOOK_TRIAL_CPUS"
"""Cores of a trial without a GPU, where it is set."""

BASE_BYTES = int(1.5 * 2**30)
"""A process with its framework, and the process that looks after it."""

BYTES_A_PIXEL = {
    "InceptionResNetV2": 9000,
    "EfficientNetB3": 9000,
    "ResNet50": 5000,
    "VGG16": 4000,
}
"""Of an image of a batch, while all layers learn. With `BASE_BYTES` they stay above the peaks that
``trial.json`` tells of trainings on the CPU at a fifth to a quarter of the native sides; at native
sides they are an estimate. Others take `LIGHT`."""

LIGHT = 2500


@dataclass(frozen=True)
class Needs:
    """Resources of one trial.

    Attributes
    ----------
    cpus : int
        Cores that are kept for it.
    gpus : int
        0 or 1.
    memory : int
        Bytes. Nobody is held to them: they keep a machine from taking more trials than fit.
    threads : int or None
        That the training computes with; None for as many as it likes.
    """

    cpus: int
    gpus: int
    memory: int
    threads: int | None

    def options(self) -> dict[str, float]:
        """The same as options of a Ray task."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus, "memory": self.memory}


def memory_of(task: Task) -> int:
    """Bytes that a trial is likely to take, from above."""
    config = task.config
    height, width = config.image_size
    batch = max(stage.batch_size for stage in config.stages)
    return BASE_BYTES + batch * height * width * BYTES_A_PIXEL.get(config.backbone, LIGHT)


def needs_of(
    task: Task, machines: Sequence[Mapping[str, float]], local_threads: int | None
) -> Needs:
    """What to ask of a cluster for a trial.

    With GPUs in the cluster a trial takes one, and its share of that machine's cores. Without, it
    takes as many cores as it would have threads on this machine, because their number may change
    the last bits of a sum; `TRIAL_CPUS` says another number.

    Parameters
    ----------
    task : Task
        What is to be trained.
    machines : sequence of mapping
        Resources of each machine, as Ray names them: "CPU", "GPU", "memory" (bytes).
    local_threads : int or None
        Of a training on this machine.

    Raises
    ------
    ConfigError
        If no machine has so many cores.
    """
    with_gpu = [machine for machine in machines if machine.get("GPU", 0) >= 1]
    if with_gpu:
        cpus = min(int(machine.get("CPU", 1) // machine["GPU"]) for machine in with_gpu)
        needs = Needs(max(1, cpus), 1, 0, None)
    else:
        told = os.environ.get(TRIAL_CPUS)
        if told is not None and not (told.isdigit() and int(told) > 0):
            raise ConfigError(f"{TRIAL_CPUS}: expected a number of cores, got {told!r}")
        cpus = int(told) if told else local_threads or 1
        needs = Needs(cpus, 0, 0, cpus)
    most = max((int(machine.get("CPU", 0)) for machine in machines), default=0)
    if needs.cpus > most:
        raise ConfigError(
            f"executor ray: a trial was to have {needs.cpus} cores, as here, but no machine of "
            f"the cluster has more than {most}; set {TRIAL_CPUS} to what they have (the last bits "
            "of a trial's numbers may depend on it)"
        )
    # A training that runs out of memory goes on with fewer images at a time: it may always start.
    room = max((machine.get("memory", 0.0) for machine in machines), default=0.0)
    return Needs(needs.cpus, needs.gpus, int(min(memory_of(task), room)), needs.threads)
