"""Images a second of bare training steps, beside plain torch's eager loop.

Both sides train the same networks with Adam on one constant batch of random pixels, bytes in, on
the CPU, each in processes of its own. This project's side is `build_model`, `set_trainable` and
`make_adam` in ``fit``, as the engine trains. torch's is the loop that its tutorials write, with
channels last and ``torch.optim.Adam(fused=True)``. Each is measured in one process with a thread a
core, and in two processes with half of the threads each, which is what the engine does.

What differs: TensorFlow pads convolutions of stride 2 on two sides, torch on four; the loss is
categorical cross-entropy of probabilities here and of logits there; and ``fit`` keeps the mean
loss. Both start from ImageNet weights where the package carries them, since frozen layers of
random weights let values fade into denormal numbers.

    DERMBOOK_PYTHON_TORCH=/path/to/python python -m benchmarks.training_peer
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.peers.line_protocol import Peer, round_of
from benchmarks.peers.other_python import NotMeasuredError, torch_python
from benchmarks.timing import compare_rates
from helpers.core import N_CLASSES
from helpers.models import efficientnet_lite as lite
from helpers.training import worker_environment

OURS, TORCH = "benchmarks.peers.keras_steps", "benchmarks.peers.torch_steps"
LEARNING_RATE = 1e-4


@dataclass(frozen=True)
class Case:
    """One training: network, (height, width), what learns, images a step, steps a round.

    A round of each side takes some seconds; the faster one takes more steps in it.
    """

    backbone: str
    size: tuple[int, int]
    trainable: str | int
    batch_size: int
    steps: int
    torch_steps: int

    @property
    def name(self) -> str:
        """As the table has it."""
        learns = "all learn" if self.trainable == "all" else f"last {self.trainable} layers"
        height, width = self.size
        return f"{self.backbone} {height}x{width}, {learns}, batch {self.batch_size}"


CASES = (
    Case("ResNet50", (56, 56), "all", 16, 4, 6),
    Case("ResNet50", (56, 56), "all", 32, 2, 3),
    Case("EfficientNetLite0", (112, 144), 60, 32, 6, 2),
    Case("EfficientNetLite0", (192, 144), "all", 32, 2, 1),
)
"""Trainings of the profile ``quick`` and their like."""


def peer_settings(case: Case, steps: int, threads: int) -> dict[str, Any]:
    """What either side is told of a case."""
    is_lite = case.backbone == "EfficientNetLite0"
    table = {
        "stages": lite.STAGES,
        "stem": lite.STEM_FILTERS,
        "top": lite.TOP_FILTERS,
        "epsilon": lite.BN_EPSILON,
    }
    return {
        "backbone": case.backbone,
        "size": case.size,
        "trainable": case.trainable,
        "batch_size": case.batch_size,
        "steps": steps,
        "threads": threads,
        "n_classes": N_CLASSES,
        "learning_rate": LEARNING_RATE,
        "table": table if is_lite else None,
        "weights_file": str(lite.package_weights_path()) if is_lite else None,
    }


def check_same_network(case: Case, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Stop where the two sides do not train the same number of parameters.

    Raises
    ------
    AssertionError
        Naming the case and both counts.
    """
    for what in ("parameters", "learning"):
        if ours[what] != theirs[what]:
            raise AssertionError(
                f"{case.name}: expected the same network on both sides, but {what} are "
                f"{ours[what]:,} here and {theirs[what]:,} in torch"
            )


def _start(
    stack: ExitStack, python: str, module: str, case: Case, processes: int, threads: int
) -> list[Peer]:
    """Processes of one side, started beside each other, each past its first step."""
    steps = case.steps if module == OURS else case.torch_steps
    settings, variables = peer_settings(case, steps, threads), worker_environment(threads)
    variables |= {"OMP_NUM_THREADS": str(threads)}
    peers = [
        stack.enter_context(Peer(python, module, settings, variables)) for _ in range(processes)
    ]
    return [peer.wait() for peer in peers]


def _compare(case: Case, torch: str, processes: int, threads: int, rounds: int) -> dict[str, Any]:
    with ExitStack() as stack:
        ours = _start(stack, sys.executable, OURS, case, processes, threads)
        theirs = _start(stack, torch, TORCH, case, processes, threads)
        check_same_network(case, ours[0].facts, theirs[0].facts)
        ratio = compare_rates(lambda: round_of(ours), lambda: round_of(theirs), rounds)
        starts = {
            side: {
                "seconds": max(peer.start_seconds for peer in peers),
                **{part: peers[0].facts[part] for part in ("import", "build", "first_step")},
            }
            for side, peers in (("ours", ours), ("torch", theirs))
        }
    return {
        "ratio": ratio,
        "processes": processes,
        "threads": threads,
        "start": starts,
        "parameters": ours[0].facts["parameters"],
        "learning": ours[0].facts["learning"],
        "versions": {"keras": ours[0].facts["version"], "torch": theirs[0].facts["version"]},
    }


def measure_training_peer(
    cases: Sequence[Case] = CASES, rounds: int = 3, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Train on both sides, in turns.

    Parameters
    ----------
    cases : sequence of Case
        What is trained.
    rounds : int, default=3
        Turns of the two, after one to warm up.
    progress : callable, optional
        Told a line after each comparison.

    Returns
    -------
    dict
        By name of a case ``together``, one process with a thread a core, and ``apart``, two
        processes with half of the threads each: ``ratio`` of this project's images a second to
        torch's, and ``start``, for each side the ``seconds`` from the start of the processes
        until their first step was done, and in them those of import, build (and trace) and
        first step. The engine's trainings are forked from a process that has imported
        TensorFlow, which spares them the import. Or ``not_measured``, the reason.

    Raises
    ------
    ConfigError
        If ``DERMBOOK_PYTHON_TORCH`` names no Python that runs.
    AssertionError
        If the two sides' networks differ in their number of parameters.
    """
    try:
        torch = torch_python(("torch",))
    except NotMeasuredError as reason:
        return {"not_measured": str(reason)}
    cores = os.cpu_count() or 1
    found: dict[str, Any] = {}
    for case in cases:
        ways = found[case.name] = {}
        for way, processes in (("together", 1), ("apart", 2)):
            threads = max(1, cores // processes)
            ways[way] = _compare(case, torch, processes, threads, rounds)
            progress(f"{case.name}, {way}: {ways[way]['ratio'].value:.2f}")
    return found


def peer_table(found: dict[str, Any]) -> Table:
    """What `measure_training_peer` found, with the seconds until the first step."""
    table = Table(title="Training steps beside torch's eager loop: images a second")
    for column in ("network", "processes", "ours", "torch", "ratio", "rounds", "first step, s"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for name, ways in found.items():
        for way in ("together", "apart"):
            one = ways[way]
            ratio, start = one["ratio"], one["start"]
            table.add_row(
                name if way == "together" else "", f"{one['processes']} x {one['threads']} threads",
                f"{ratio.first:.1f}", f"{ratio.second:.1f}", f"{ratio.value:.2f}",
                f"{ratio.low:.2f} to {ratio.high:.2f}",
                f"{start['ours']['seconds']:.1f} / {start['torch']['seconds']:.1f}",
            )  # fmt: skip
    return table


def main() -> None:
    """Measure and print one table."""
    console = Console(width=None if Console().is_terminal else 150)
    found = measure_training_peer(progress=console.print)
    if "not_measured" in found:
        console.print(f"Not measured: {found['not_measured']}", soft_wrap=True)
        return
    console.print(peer_table(found))


if __name__ == "__main__":
    main()
