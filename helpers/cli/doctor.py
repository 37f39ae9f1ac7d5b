"""What a machine has and lacks for a report, each finding with its way out."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import InvalidMarker, Marker
from packaging.version import Version
from rich.console import Console
from rich.table import Table
from rich.text import Text

from helpers.core import (
    ROOT,
    DermBookError,
    cache_home,
    cjk_file,
    device_line,
    devices,
    folder_bytes,
    readable_bytes,
    write_problem,
)
from helpers.report import version_of

NEEDED_MEMORY = 4.0
"""GiB that a training of ``quick`` and a browser can live with."""

NEEDED_DISK = 5.0
"""GiB for image stores and trials; the fetched HAM10000 takes 3 more."""

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What was looked at.
    found : str
        What is there.
    ok : bool
        Whether a report can be made with it.
    way_out : str
        What to do where it cannot; else "".
    """

    name: str
    found: str
    ok: bool = True
    way_out: str = ""


def read_pins(lock: Path) -> dict[str, str]:
    """Packages and versions of a lock file that hold for this interpreter.

    Parameters
    ----------
    lock : Path
        A requirements file with ``name==version`` lines, with or without markers and hashes.

    Returns
    -------
    dict of str to str
        Version by package.
    """
    pins = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        match = _PIN.match(line)
        if match is None:
            continue
        name, version, marker = match.groups()
        try:
            holds = marker is None or Marker(marker).evaluate()
        except InvalidMarker:
            holds = True
        if holds:
            pins[name] = version
    return pins


def check_python() -> Finding:
    """Python's version and place."""
    version = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    way_out = "" if ok else "remove .venv and run 'make setup PYTHON=/path/to/python3.12'"
    return Finding("Python", f"{version}, {sys.prefix}", ok, way_out)


def check_packages(lock: Path = ROOT / "requirements.lock") -> Finding:
    """Installed packages beside the lock file."""
    if not lock.exists():
        return Finding("packages", f"{lock} is not there", False, "restore it from the repository")
    pins = read_pins(lock)
    missing, other = [], []
    for name, version in pins.items():
        installed = version_of(name)
        if not installed:
            missing.append(name)
        elif Version(installed) != Version(version):
            other.append(f"{name} {installed} (locked: {version})")
    # A GPU machine has tensorflow where the lock names tensorflow-cpu: the same modules.
    if missing == ["tensorflow-cpu"] and version_of("tensorflow"):
        missing = []
    if not missing and not other:
        return Finding("packages", f"all {len(pins)} as in {lock.name}")
    parts = []
    if missing:
        parts.append(f"missing: {_some(missing)}")
    if other:
        parts.append(f"other versions: {_some(other)}")
    # Another version may do; a package that is not there cannot.
    way_out = "run 'make setup'; on a conda machine, environment.yml sets the versions"
    return Finding("packages", "; ".join(parts), not missing, way_out)


def _some(names: Iterable[str], shown: int = 5) -> str:
    listed = list(names)
    more = f" and {len(listed) - shown} more" if len(listed) > shown else ""
    return ", ".join(listed[:shown]) + more


def check_devices() -> Finding:
    """Processor and graphics cards; a report needs no GPU."""
    return Finding("devices", device_line(devices()))


def check_memory() -> Finding:
    """Memory that is free now."""
    import psutil

    memory = psutil.virtual_memory()
    free, total = memory.available / 2**30, memory.total / 2**30
    ok = free >= NEEDED_MEMORY
    way_out = "" if ok else f"close other programs: {NEEDED_MEMORY:g} GiB should be free"
    return Finding("memory", f"{free:.1f} of {total:.1f} GiB free", ok, way_out)


def _standing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def check_disk(folder: Path | None = None) -> Finding:
    """Room where the caches are, and whether they can be written to."""
    folder = folder or cache_home()
    standing = _standing(folder)
    free = shutil.disk_usage(standing).free / 2**30
    home = f"the cache folder {folder}" + ("" if standing == folder else " (yet to be made)")
    problem = write_problem(standing)
    if problem is not None:
        way_out = "set DERMBOOK_HOME to a folder that you may write to, on a disk with room"
        return Finding("disk", f"{home} cannot be written to: {problem.strerror}", False, way_out)
    ok = free >= NEEDED_DISK
    way_out = (
        ""
        if ok
        else f"make room ({NEEDED_DISK:g} GiB), or set DERMBOOK_HOME to a folder on another disk; "
        "'dermbook trials prune' shows what could be removed"
    )
    return Finding("disk", f"{free:.1f} GiB free, {home} can be written to", ok, way_out)


def check_caches() -> Finding:
    """Where the caches are, and how large each is."""
    home = cache_home()
    folders = sorted(path for path in home.iterdir() if path.is_dir()) if home.is_dir() else []
    sizes = ", ".join(f"{path.name} {readable_bytes(folder_bytes(path))}" for path in folders)
    return Finding("caches", f"{home} ({sizes or 'empty'})")


def check_fonts() -> Finding:
    """The report's fonts, which come with packages and never from the system."""
    try:
        found = cjk_file()
    except (DermBookError, ImportError, OSError) as error:
        way_out = "run 'make setup': the fonts come with the packages of requirements.lock"
        return Finding("fonts", f"{type(error).__name__}: {error}", False, way_out)
    return Finding("fonts", str(found))


def check_kernel() -> Finding:
    """The kernel that JupyterLab would start; the report always uses this interpreter's own."""
    way_out = "run 'make setup', and start JupyterLab with 'make lab'"
    if not version_of("ipykernel"):
        return Finding("kernel", "ipykernel is not installed", False, way_out)
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Finding("kernel", "no kernel named python3", False, way_out)
    program = str(spec.argv[0])
    own = program in ("python", "python3") or Path(program).absolute() == Path(sys.executable)
    if own:
        return Finding("kernel", f"python3 at {spec.resource_dir}")
    found = f"python3 starts {json.dumps(program)}, not this interpreter"
    way_out = f"run '{sys.executable} -m ipykernel install --sys-prefix'"
    return Finding("kernel", found, False, way_out)


CHECKS: tuple[Callable[[], Finding], ...] = (
    check_python,
    check_packages,
    check_devices,
    check_memory,
    check_disk,
    check_caches,
    check_fonts,
    check_kernel,
)


def examine() -> list[Finding]:
    """Look at everything; a finding that is not ``ok`` says what to do."""
    return [check() for check in CHECKS]


def print_findings(findings: Iterable[Finding], console: Console) -> None:
    """Print findings as a table, and the ways out below those that are not as they should be."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark = Text("ok", style="green") if finding.ok else Text("wrong", style="bold red")
        text = Text(finding.found)
        if finding.way_out:
            text.append(f"\n{finding.way_out}", style="yellow" if finding.ok else "red")
        table.add_row(finding.name, mark, text)
    console.print(table)
