"""What the machine computes with: processor, memory, and the GPUs that its driver names."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.lower().startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _gpus() -> list[str]:
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):  # no driver, or one that hangs: no GPU
        return []
    if answer.returncode != 0:
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def devices() -> dict[str, Any]:
    """What the machine computes with.

    Returns
    -------
    dict
        ``system``, ``cpu`` (model), ``cores`` (that this process may use), ``memory_gib``,
        and ``gpus`` (name, memory and driver of each that ``nvidia-smi`` lists).
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        cores = os.cpu_count() or 1
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": cores,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": _gpus(),
    }


def device_line(facts: Mapping[str, Any]) -> str:
    """One line for a cover.

    >>> device_line({"cpu": "A", "cores": 2, "memory_gib": 8.0, "gpus": []})
    'A, 2 cores, 8 GiB; no GPU'
    """
    gpus = ", ".join(gpu.partition(",")[0] for gpu in facts["gpus"]) or "no GPU"
    cores = f"{facts['cores']} core" + ("s" if facts["cores"] != 1 else "")
    return f"{facts['cpu']}, {cores}, {facts['memory_gib']:.0f} GiB; {gpus}"
