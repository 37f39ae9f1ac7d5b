"""The manifest: what was run, on what, with which versions, and every number it quotes."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.core import devices, read_json, write_json
from helpers.report.inputs import version_of
from helpers.report.results import ChapterResult
from helpers.report.runner import numbers_path, read_state

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
        The run folder, with ``source.json``, ``split.json`` and ``numbers/<chapter>.json`` where
        chapters wrote them.
    results : sequence of ChapterResult
        Of :func:`helpers.report.runner.run_chapters`.
    configuration : mapping
        The profile's content and the parameters.
    started, finished : str
        ISO 8601 times of the run.

    Returns
    -------
    dict
        Keys ``configuration``, ``source``, ``split`` (how the images were divided; of a file,
        its path and SHA-256), ``versions``, ``devices``, ``started``,
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
            numbers[name] = _read_if_there(numbers_path(folder, name), [])
    return {
        "configuration": dict(configuration),
        "source": _read_if_there(folder / "source.json", {}),
        "split": _read_if_there(folder / "split.json", {}),
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
