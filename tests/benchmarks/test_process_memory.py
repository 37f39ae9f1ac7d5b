"""Memory of processes: the peak of all, their kinds, pages that several share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support.memory_samples import SAMPLES

from benchmarks.process_memory import Use, Watch, kind_of, look, peak_of, use_of

linux = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells what pages are shared"
)


def test_the_peak_is_of_all_processes_together() -> None:
    """The moment counts at which all of them hold most, and each kind has one of its own."""
    peak = peak_of(SAMPLES)
    assert peak.time == 11.0
    assert peak.total() == Use(780, 620, 1300)
    assert peak.total("trainings") == Use(700, 550, 1100)
    assert peak_of(SAMPLES, "command").time == 12.0


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("ipykernel_launcher", "kernels"),
        ("dermbook-template", "templates of trainings"),
        ("python -m helpers.training.template 7", "templates of trainings"),
        ("helpers.training", "trainings"),
        ("python -m helpers.report.kernels 5", "template of kernels"),
        ("git log", "others"),
    ],
)
def test_kinds_are_read_from_command_lines(line: str, kind: str) -> None:
    """The template of trainings is no training."""
    assert kind_of(line, False) == kind
    assert kind_of(line, True) == "command"


@linux
def test_memory_of_a_child_is_seen_and_shared_pages_count_once() -> None:
    """A child's own pages are added; pages that it shares with its parent are divided."""
    own = use_of(os.getpid())
    assert own is not None and 0 < own.anonymous <= own.pss <= own.rss
    code = "held = b'x' * 2**26; print(flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None and child.stdout is not None
    child.stdout.readline()
    process = psutil.Process(child.pid)
    with Watch(process, lambda: ["a chapter"], interval=0.01) as watch:
        assert watch.seen.wait(60)
    seen = watch.samples[0]
    assert seen.total().pss > 64 and seen.running == ("a chapter",)
    child.communicate(b"\n")
    assert look(process).processes == () and use_of(child.pid) is None
