"""Measuring: rates in turns, a child process's memory, and slopes."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Ratio:
    """A ratio of two rates that were measured in turns.

    Attributes
    ----------
    value : float
        Median over the rounds.
    low, high : float
        Least and largest of the rounds.
    first, second : float
        Median rates, per second.
    """

    value: float
    low: float
    high: float
    first: float
    second: float


def compare_rates(
    first: Callable[[], int], second: Callable[[], int], rounds: int, warm_up: bool = True
) -> Ratio:
    """Rate of `first` over that of `second`, run in turns so that both meet the same machine.

    Parameters
    ----------
    first, second : callable
        Do some work and return how many units of it; the two may differ in how many.
    rounds : int
        Each side runs once a round; every other round the second begins.
    warm_up : bool, default=True
        Whether each side runs once before anything is timed.
    """
    sides = (first, second)
    if warm_up:
        first()
        second()
    rates = np.empty((rounds, 2))
    for number in range(rounds):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            start = time.perf_counter()
            units = sides[side]()
            rates[number, side] = units / (time.perf_counter() - start)
    ratios = rates[:, 0] / rates[:, 1]
    middle = np.median(rates, axis=0)
    return Ratio(
        float(np.median(ratios)), float(ratios.min()), float(ratios.max()), *middle.tolist()
    )


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Exponent of a power law through the points: the slope of log(value) on log(size)."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def _memory(field: str) -> float:
    """MiB of this process: ``VmRSS`` is what it holds, ``VmHWM`` the most that it held."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:  # macOS: only the most that it held, in bytes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)
    return int(status.split(f"{field}:")[1].split()[0]) / 2**10


@dataclass(frozen=True)
class Cost:
    """What a piece of work took: seconds, and MiB above what the process held before."""

    seconds: float
    mebibytes: float


def measure(work: Callable[[], object]) -> Cost:
    """Time a piece of work, and find the most memory that it added to this process."""
    # The peak counts from here. Where it cannot be reset, an earlier, higher one hides it, so
    # that this is called in a fresh process.
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    return Cost(seconds, max(0.0, _memory("VmHWM") - before))


def in_child(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function in a fresh process, which no earlier measurement has touched."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *args, **kwargs).result()


@contextmanager
def empty_cache() -> Iterator[Path]:
    """A cache folder with nothing in it, for this process and its children."""
    before = os.environ.get("DERMBOOK_HOME")
    with tempfile.TemporaryDirectory(prefix="dermbook-bench-") as folder:
        os.environ["DERMBOOK_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ["DERMBOOK_HOME"]
            else:
                os.environ["DERMBOOK_HOME"] = before
