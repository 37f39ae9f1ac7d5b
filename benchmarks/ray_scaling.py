"""Eight trials on two machines of one core and on one such machine, and what Ray itself costs.

The machines are processes of this one, each with a cache of its own: it needs two free cores. The
same trials are trained by the ``local`` executor too, one at a time with one thread, before and
after one machine of Ray. What Ray takes longer than their mean is its cost; what the two differ by
is how this computer's pace drifts meanwhile. Needs the extra ``scale``.

    python -m benchmarks.ray_scaling --epochs 12 --to benchmarks/ray.json
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

from benchmarks.timing import empty_cache, in_child
from helpers.core import ROOT, cache_home, write_json
from helpers.dataset import load_catalogue, open_source, split_catalogue
from helpers.training import LocalExecutor, Stage, TrialConfig, prepare_task

TRIALS = 8
NOOPS = 200
GOAL_RATIO = 0.6
GOAL_SECONDS, GOAL_SHARE = 3.0, 0.03
"""What Ray may cost: seconds, and a share of the training."""


def make_configs(epochs: int) -> list[TrialConfig]:
    """Trials that differ in their seeds."""
    stage = Stage(trainable="all", batch_size=32, epochs=epochs)
    return [
        TrialConfig(
            name=f"trial-{seed}",
            backbone="MobileNet",
            image_size=(64, 64),
            stages=(stage,),
            early_stopping_patience=epochs,
            seed=seed,
        )
        for seed in range(TRIALS)
    ]


@contextmanager
def machines(count: int, folder: Path) -> Iterator[float]:
    """A cluster of so many machines of one core, to which this process is connected.

    Yields
    ------
    float
        Seconds until it was.
    """
    from helpers.training.cluster.connection import ONE_MACHINE, PATIENT, QUIET
    from helpers.training.cluster.needs import TRIAL_CPUS

    os.environ.update(ONE_MACHINE | PATIENT | QUIET | {TRIAL_CPUS: "1"})
    started = time.perf_counter()
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    for number in range(count):
        cluster.add_node(
            num_cpus=1,
            node_ip_address="127.0.0.1",
            object_store_memory=100 * 2**20,
            include_dashboard=False,
            env_vars={"DERMBOOK_HOME": str(folder / str(number)), "PYTHONPATH": str(ROOT)},
        )
    ray.init(cluster.address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield time.perf_counter() - started
    finally:
        ray.shutdown()
        cluster.shutdown()


def _catalogue(n_images: int) -> pd.DataFrame:
    return split_catalogue(load_catalogue(open_source("sample", sample_images=n_images)))


def _prepared(n_images: int, epochs: int) -> list[Any]:
    catalogue = _catalogue(n_images)
    return [prepare_task(config, catalogue) for config in make_configs(epochs)]


def run_on_ray(count: int, n_images: int, epochs: int) -> dict[str, float]:
    """Seconds of all trials on so many machines; in a fresh process with an empty cache."""
    tasks = _prepared(n_images, epochs)
    from helpers.training.cluster.executor import RayExecutor

    with (
        tempfile.TemporaryDirectory(prefix="dermbook-bench-") as name,
        machines(count, Path(name)) as start,
    ):
        executor = RayExecutor("as connected", str(Path(name) / "kept"))
        began = time.perf_counter()
        executor.run(tasks, lambda event: None)
        seconds = time.perf_counter() - began
        return {"start": start, "trials": seconds, "noops": _noops(executor.ray)}


def _noops(ray: Any) -> float:
    """Seconds of a task that does nothing, one after the other sent at once."""
    # Sent as code: as a name it would be looked for in the worker's own main module.
    nothing = ray.remote(lambda: None).options(num_cpus=1, max_retries=0)
    ray.get(nothing.remote())
    began = time.perf_counter()
    ray.get([nothing.remote() for _ in range(NOOPS)])
    return (time.perf_counter() - began) / NOOPS


def run_locally(n_images: int, epochs: int) -> float:
    """Seconds of all trials by the local executor, one at a time with one thread."""
    tasks = _prepared(n_images, epochs)
    began = time.perf_counter()
    LocalExecutor(parallel=1, threads=1).run(tasks, lambda event: None)
    return time.perf_counter() - began


def measure_ray(n_images: int = 200, epochs: int = 6) -> dict[str, Any]:
    """Measure all three, each in a fresh process with an empty cache.

    Parameters
    ----------
    n_images : int, default=200
        Of the drawn sample.
    epochs : int, default=6
        Of each trial.

    Returns
    -------
    dict
        ``one``, ``two`` (of `run_on_ray`), ``local`` (seconds, before and after ``one``), ``ratio``
        of two machines to one,
        ``cost`` (seconds of Ray on one machine) and ``allowed`` (what it may be),
        ``tasks_per_second``, and ``load`` of the machine before and after.
    """
    before = os.getloadavg()[0]
    sources = cache_home() / "sources"
    found: dict[str, Any] = {}
    for name, function, arguments in (
        ("before", run_locally, (n_images, epochs)),
        ("one", run_on_ray, (1, n_images, epochs)),
        ("after", run_locally, (n_images, epochs)),
        ("two", run_on_ray, (2, n_images, epochs)),
    ):
        with empty_cache() as home:
            sources.mkdir(parents=True, exist_ok=True)
            (home / "sources").symlink_to(sources)  # the sample is drawn once
            found[name] = in_child(function, *arguments)
    found["local"] = [found.pop("before"), found.pop("after")]
    return summary(found) | {"load": [before, os.getloadavg()[0]]}


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """The ratio and the cost of what was measured."""
    one, two, local = found["one"], found["two"], mean(found["local"])
    return found | {
        "ratio": two["trials"] / one["trials"],
        "cost": one["trials"] - local,
        "allowed": GOAL_SECONDS + GOAL_SHARE * local,
        "tasks_per_second": 1 / one["noops"],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where that is asked for."""
    parser = argparse.ArgumentParser(description="Trials on two machines and on one, with Ray")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--to", type=Path)
    options = parser.parse_args(arguments)
    found = measure_ray(options.images, options.epochs)
    print(
        f"{TRIALS} trials: {found['local'][0]:.1f} and {found['local'][1]:.1f} s by the local "
        f"executor, {found['one']['trials']:.1f} s on one machine of Ray between them, "
        f"{found['two']['trials']:.1f} s on two\n"
        f"two machines / one: {found['ratio']:.2f} (goal: {GOAL_RATIO} at most)\n"
        f"Ray's own cost: {found['cost']:.1f} s (goal: {found['allowed']:.1f} s at most), and "
        f"{found['one']['start']:.1f} s until a cluster is there\n"
        f"tasks a second: {found['tasks_per_second']:,.0f}\n"
        f"load of the machine: {found['load'][0]:.1f} before, {found['load'][1]:.1f} after "
        f"({os.cpu_count()} cores)"
    )
    if options.to is not None:
        write_json(options.to, found)


if __name__ == "__main__":
    main()
