"""Memory: how a training that runs out of it is told, and made smaller without changing it."""

from __future__ import annotations

import os
import platform
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from helpers.core import read_json, write_json

LIMIT = "DERMBOOK_MEMORY_LIMIT_MB"
"""Address space that a training may take, in MiB; unlimited where it is not set."""

STEPS = "memory.json"

_SIGNS = re.compile(
    r"RESOURCE_EXHAUSTED|ResourceExhausted|out of memory|OOM when allocating|OutOfMemory"
    r"|bad_alloc|CUDA_ERROR_OUT_OF_MEMORY|Unable to allocate|Cannot allocate memory|MemoryError"
    r"|could not create a memory|failed to allocate memory"
    r"|Status: 1, message: could not",  # oneDNN's dnnl_out_of_memory
    re.IGNORECASE,
)


_SIGNS_UNDER_LIMIT = re.compile(r"can't start new thread")
"""What a thread's stack is missed by, where the address space is limited."""


def is_memory_error(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, of the host or of a device.

    Frameworks do not share a class for this: TensorFlow raises ``ResourceExhaustedError``,
    JAX an ``XlaRuntimeError`` that begins with RESOURCE_EXHAUSTED, torch ``OutOfMemoryError``,
    NumPy and Python ``MemoryError``.
    """
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        if isinstance(current, MemoryError):
            return True
        text = f"{type(current).__name__}: {current}"
        if _SIGNS.search(text) or (os.environ.get(LIMIT) and _SIGNS_UNDER_LIMIT.search(text)):
            return True
        seen.append(current)
        current = current.__cause__ or current.__context__
    return False


def says_memory(log: str) -> bool:
    """Whether the last lines of a dead process's log speak of memory."""
    return bool(_SIGNS.search(log))


def oom_kills() -> int | None:
    """Processes that the kernel has killed for memory.

    Returns
    -------
    int or None
        In this process's control group, or on the whole machine where the group does not
        tell; None where the system does not count them.
    """
    if platform.system() != "Linux":
        return None
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            candidates = [Path(f"/sys/fs/cgroup{path}/memory.events")]
        elif "memory" in controllers.split(","):
            candidates = [
                Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control"),
                Path("/sys/fs/cgroup/memory/memory.oom_control"),
            ]
        else:
            continue
        for candidate in candidates:
            try:
                found = re.search(r"^oom_kill (\d+)", candidate.read_text(encoding="utf-8"), re.M)
            except OSError:
                continue
            if found:
                return int(found[1])
    return _kills_of_machine()


def _kills_of_machine() -> int | None:
    """The kernel's count over all control groups, where this one's cannot be read."""
    try:
        found = re.search(r"^oom_kill (\d+)", Path("/proc/vmstat").read_text("utf-8"), re.M)
    except OSError:
        return None
    return int(found[1]) if found else None


def memory_steps(folder: Path) -> list[dict[str, Any]]:
    """What has been done about memory in a trial's folder, oldest first."""
    try:
        return list(read_json(folder / STEPS))
    except (OSError, ValueError):
        return []


def micro_batch_limit(folder: Path) -> int | None:
    """Most images that go through the network at once; None for the whole batch."""
    steps = memory_steps(folder)
    return int(steps[-1]["micro_batch"]) if steps else None


def add_memory_step(folder: Path, micro_batch: int, batch_size: int, reason: str) -> dict[str, Any]:
    """Record a smaller micro-batch, which the next start of the training keeps to.

    Parameters
    ----------
    folder : Path
        Of the trial.
    micro_batch : int
        Images at once from now on.
    batch_size : int
        Images a step, which stays as it is.
    reason : str
        What happened.

    Returns
    -------
    dict
        ``micro_batch``, ``accumulation`` (micro-batches a step) and ``reason``.
    """
    step = {
        "micro_batch": micro_batch,
        "accumulation": -(-batch_size // micro_batch),
        "reason": reason,
    }
    write_json(folder / STEPS, [*memory_steps(folder), step])
    return step


def is_memory_death(status: int, log: str, kills_before: int | None) -> bool:
    """Whether a process that ended without a word died for memory.

    Parameters
    ----------
    status : int
        Its exit status, negative for a signal.
    log : str
        The end of what it printed.
    kills_before : int or None
        `oom_kills` when it started.
    """
    if status == -signal.SIGKILL:
        now = oom_kills()
        return kills_before is not None and now is not None and now > kills_before
    if status in (-signal.SIGSEGV, -signal.SIGBUS) and os.environ.get(LIMIT):
        return True  # not every library looks whether it was given the memory it asked for
    return status != 0 and says_memory(log)


def trim_memory() -> None:
    """Give freed memory back to the system and let `peak_memory_mb` begin anew, on Linux."""
    if platform.system() != "Linux":
        return
    import ctypes

    with suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # see proc(5)


def peak_memory_mb() -> float:
    """Largest resident memory of this process, so far or since `trim_memory`, in MiB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak / (2**20 if sys.platform == "darwin" else 2**10))


def device_memory_mb() -> float | None:
    """Largest memory taken on the first GPU, in MiB; None without one."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        if not tf.config.list_physical_devices("GPU"):
            return None
        return float(tf.config.experimental.get_memory_info("GPU:0")["peak"]) / 2**20
    if backend == "torch":
        import torch

        return torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else None
    import jax

    device = jax.devices()[0]
    stats = device.memory_stats() if device.platform != "cpu" else None
    return float(stats["peak_bytes_in_use"]) / 2**20 if stats else None
