"""The manifest: what was run, on what, with which versions, and every number it quotes."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.core import read_json, write_json
from helpers.report.inputs import version_of
from helpers.report.results import ChapterResult
from helpers.report.runner import read_state

MANIFEST = "manifest.json"

PACKAGES = (
    "tensorflow", "tensorflow-cpu", "keras", "tf-keras-vis", "numpy", "pandas", "scipy",
    "scikit-learn", "matplotlib", "opencv-python-headless", "pillow", "imagehash", "papermill",
    "nbclient", "nbconvert", "ipykernel", "typst", "pypandoc-binary",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of Python, DermBook and the packages that results depend on.

    Returns
    -------
    dict of str to str
        Packages that are not installed are left out; none is imported.
    """
    found = {name: version_of(name) for name in ("dermbook", *PACKAGES)}
    present = {name: version for name, version in found.items() if version}
    return {"python": platform.python_version(), **present}


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
    import psutil

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


def _read_if_there(path: Path, default: Any) -> Any:
    try:
        return read_json(path)
    except (FileNotFoundError, json.JSONDecodeError):
        return default


def build_manifest(
    folder: Path,
    results: Sequence[ChapterResult],
    configuration: Mapping[str, Any],
    *,
    started: str,
    finished: str,
) -> dict[str, Any]:
    """Collect everything that a reader needs to judge or repeat a run.

    Parameters
    ----------
    folder : Path
        The run folder, with ``source.json`` and ``numbers/<chapter>.json`` where chapters
        wrote them.
    results : sequence of ChapterResult
        Of :func:`helpers.report.runner.run_chapters`.
    configuration : mapping
        The profile's content and the parameters.
    started, finished : str
        ISO 8601 times of the run.

    Returns
    -------
    dict
        Keys ``configuration``, ``source``, ``versions``, ``devices``, ``started``,
        ``finished``, ``chapters`` (status, seconds, time, digest, reason by chapter) and
        ``numbers`` (every quoted number, by chapter; of chapters that were executed whole).
    """
    chapters: dict[str, Any] = {}
    numbers: dict[str, Any] = {}
    for result in results:
        name = result.chapter.name
        state = read_state(folder, name)
        chapters[name] = {
            "title": result.chapter.title,
            # That it was read from an earlier run is news of this call, not of the result.
            "status": "done" if result.status == "cached" else result.status,
            "seconds": round(result.seconds, 2),
            "finished": state.get("finished", ""),
            "digest": state.get("digest", ""),
        }
        if result.reason:
            chapters[name]["reason"] = result.reason
        if result.status in ("done", "cached"):
            numbers[name] = _read_if_there(folder / "numbers" / f"{name}.json", [])
    return {
        "configuration": dict(configuration),
        "source": _read_if_there(folder / "source.json", {}),
        "versions": versions(),
        "devices": devices(),
        "started": started,
        "finished": finished,
        "chapters": chapters,
        "numbers": numbers,
    }


def update_manifest(folder: Path, manifest: Mapping[str, Any], *, ran: bool) -> dict[str, Any]:
    """Write the manifest, unless nothing was executed and it says all this already.

    Parameters
    ----------
    folder : Path
        The run folder.
    manifest : mapping
        Of :func:`build_manifest`.
    ran : bool
        Whether a chapter was executed. If not, the earlier manifest's times are kept.

    Returns
    -------
    dict
        What ``manifest.json`` now holds.
    """
    path = folder / MANIFEST
    new = dict(manifest)
    old = _read_if_there(path, None)
    if not ran and isinstance(old, dict):
        new |= {key: old[key] for key in ("started", "finished", "devices") if key in old}
    if json.loads(json.dumps(new, default=str)) != old:
        write_json(path, new)
    return new
