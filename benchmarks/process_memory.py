"""Memory of a tree of processes, looked at some times a second.

A page that several of them share counts once, in equal parts for each (PSS of
``/proc/PID/smaps_rollup``); the resident memory beside it counts it in each. Linux alone tells
this.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

INTERVAL = 0.5
LEAST_FREE_MIB = 1500
"""So much has to stay free on the machine; with less, what is measured is ended."""

KINDS = {
    "ipykernel_launcher": "kernels",
    "dermbook-template": "templates of trainings",
    "helpers.training.template": "templates of trainings",
    "helpers.training": "trainings",
    "helpers.report.kernels": "template of kernels",
}
"""What stands in the command line of a process, and its kind; the first that fits counts."""


@dataclass(frozen=True)
class Use:
    """Memory in MiB.

    Attributes
    ----------
    pss : float
        Pages of its own, and of shared ones its part.
    anonymous : float
        Of these, what is no part of a file.
    rss : float
        All pages in memory, shared ones in full.
    """

    pss: float = 0.0
    anonymous: float = 0.0
    rss: float = 0.0

    def __add__(self, other: Use) -> Use:
        return Use(self.pss + other.pss, self.anonymous + other.anonymous, self.rss + other.rss)


@dataclass(frozen=True)
class Sample:
    """One look at a tree of processes.

    Attributes
    ----------
    time : float
        By the clock, in seconds since 1970.
    processes : tuple of (str, Use)
        Kind and memory of each.
    running : tuple of str
        What ran, by the names that were asked for.
    """

    time: float
    processes: tuple[tuple[str, Use], ...]
    running: tuple[str, ...] = ()

    def total(self, kind: str | None = None) -> Use:
        """Sum over all processes, or those of a kind."""
        return sum((use for name, use in self.processes if kind in (None, name)), Use())


def use_of(pid: int) -> Use | None:
    """Memory of a process; None where it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in text.splitlines()[1:])
    if "Pss" not in fields:  # a process that has just ended
        return None
    mib = {name: int(value.split()[0]) / 2**10 for name, value in fields.items()}
    return Use(mib["Pss"], mib.get("Pss_Anon", mib["Anonymous"]), mib["Rss"])


def kind_of(line: str, is_root: bool) -> str:
    """What a process is, by its command line."""
    if is_root:
        return "command"
    return next((kind for part, kind in KINDS.items() if part in line), "others")


def look(root: psutil.Process, running: Callable[[], Sequence[str]] = tuple) -> Sample:
    """Memory of a process and all below it, by now."""
    found: list[tuple[str, Use]] = []
    with suppress(psutil.NoSuchProcess):
        for process in [root, *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                line = " ".join(process.cmdline())
                use = use_of(process.pid)
                if use is not None:
                    found.append((kind_of(line, process.pid == root.pid), use))
    return Sample(time.time(), tuple(found), tuple(running()))


@dataclass
class Watch:
    """Looks at a tree of processes until it is told to stop.

    Attributes
    ----------
    root : Process
        Its top.
    running : callable
        Names what runs.
    short : callable
        Called where the machine has less than `LEAST_FREE_MIB` left.
    interval : float
        Seconds between two looks.
    samples : list of Sample
        What was seen.
    seen : Event
        Set when there is a sample.
    """

    root: psutil.Process
    running: Callable[[], Sequence[str]] = tuple
    short: Callable[[], None] = lambda: None
    interval: float = INTERVAL
    samples: list[Sample] = field(default_factory=list)
    seen: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(self.interval):
            self.samples.append(look(self.root, self.running))
            self.seen.set()
            if psutil.virtual_memory().available < LEAST_FREE_MIB * 2**20:
                self.short()


def peak_of(samples: Sequence[Sample], kind: str | None = None) -> Sample:
    """The sample with the most memory, of all processes or of a kind."""
    return max(samples, key=lambda sample: sample.total(kind).pss)
