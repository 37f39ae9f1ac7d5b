"""Memory of a report and of trainings at native sizes: the peak, when it was, what made it up.

    python -m benchmarks.memory report smoke --chapters 07,10
    python -m benchmarks.memory training ResNet50 --images 96
    DERMBOOK_MEMORY_LIMIT_MB=6000 python -m benchmarks.memory training ResNet50 --probe

All processes that the command started are looked at (`benchmarks.process_memory`). The report runs
in a run folder and a cache folder of its own, which are removed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.process_memory import Sample, Watch, peak_of
from benchmarks.timing import empty_cache
from helpers.core import ConfigError, DermBookError

RUN = "memory"
RUNS = Path(__file__).resolve().parents[1] / "runs"


def under_way(folder: Path, moment: float) -> list[str]:
    """Trainings of a run that were under way at a moment, with what they had told last."""
    last: dict[str, str] = {}
    for path in sorted((folder / "state").glob("*.events.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["time"] > moment:
                break
            name, _, told = event["text"].rpartition(": ")
            chapter = event["chapter"][:2]
            if event["finished"] or told == "from the cache":
                last.pop(f"{chapter} {name}", None)
            else:
                last[f"{chapter} {name}"] = f"{event['done'] or 0} of {event['total']} epochs"
    return [f"{name}, {told}" for name, told in last.items()]


def watch_report(
    profile: str, options: Sequence[str], progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Run a report from empty caches and look at its memory.

    Parameters
    ----------
    profile : str
        Of the report.
    options : sequence of str
        Further words for ``dermbook report``.
    progress : callable, optional
        Told what the report printed where it failed.

    Returns
    -------
    dict
        ``samples``, ``status`` of the command, ``seconds``, ``trainings`` under way at the peak.
    """
    folder = RUNS / RUN
    shutil.rmtree(folder, ignore_errors=True)
    code = "import sys; from helpers.cli.main import app; sys.argv[0] = 'dermbook'; app()"
    words = [sys.executable, "-c", code, "report", profile, "--run", RUN, *options]

    def chapters() -> list[str]:
        return sorted(p.name.split(".")[1] for p in folder.glob("notebooks/.*.partial.ipynb"))

    began = time.time()
    with empty_cache():
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with Watch(psutil.Process(process.pid), chapters, process.terminate) as watch:
            told, _ = process.communicate()
    if process.returncode:
        progress(told.decode(errors="replace"))
    found = {
        "samples": watch.samples,
        "status": process.returncode,
        "seconds": time.time() - began,
        "trainings": under_way(folder, peak_of(watch.samples).time),
    }
    shutil.rmtree(folder)
    return found


def native_config(
    backbone: str,
    learns: str | int | None = None,
    size: tuple[int, int] | None = None,
    epochs: int = 2,
) -> Any:
    """A network of the profile ``full`` at its largest size, from random weights.

    Parameters
    ----------
    backbone : str
        Of its comparison of networks.
    learns : "all" or int, optional
        What its last stage trains, which is then the only one; as the profile has it where None.
    size : tuple of int, optional
        (height, width) instead.
    epochs : int, default=2
        Of each stage.
    """
    from helpers.study import load_profile

    named = [
        config
        for config in load_profile("full").trial_configs("comparison")
        if config.backbone == backbone
    ]
    if not named:
        raise ConfigError(
            f"backbone: expected one that the profile full compares, got {backbone!r}"
        )
    config = max(named, key=lambda config: config.image_size)
    stages = [stage.model_copy(update={"epochs": epochs}) for stage in config.stages]
    if learns is not None:
        stages = [stages[-1].model_copy(update={"trainable": learns})]
    changes = {"weights": "none", "stages": tuple(stages), "image_size": size or config.image_size}
    return config.model_copy(update=changes)


def watch_training(
    config: Any, n_images: int, probe: bool, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Train on drawn images from an empty cache, as a chapter does, and look at its memory.

    Parameters
    ----------
    config : TrialConfig
        What is trained.
    n_images : int
        Drawn images; seven tenths of them train.
    probe : bool
        Whether one step is tried before, with ever fewer images at a time until it fits.
    progress : callable, optional
        Told what the training tells.

    Returns
    -------
    dict
        ``samples``, ``seconds`` and ``record``, the trial's ``trial.json``.
    """
    from helpers.dataset import load_catalogue, open_source, split_catalogue
    from helpers.training import LocalExecutor, run_trials

    began = time.time()
    with empty_cache():
        catalogue = load_catalogue(open_source("sample", sample_images=n_images))
        catalogue = split_catalogue(catalogue, (0.7, 0.15, 0.15))
        told: list[str] = []

        def tell(event: dict[str, Any]) -> None:
            told[:] = [event["text"]]
            progress(event["text"])

        def too_much() -> None:
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    child.kill()

        executor = LocalExecutor(parallel=1, probe=probe)
        with Watch(psutil.Process(), lambda: list(told), too_much) as watch:
            (trial,) = run_trials([config], catalogue, executor=executor, progress=tell)
        return {"samples": watch.samples, "seconds": time.time() - began, "record": trial.record}


def memory_table(title: str, samples: Sequence[Sample]) -> Table:
    """What made up the peak, by kind of process, and the peak of each kind by itself."""
    peak = peak_of(samples)
    table = Table(title=title)
    table.add_column("processes")
    for column in ("number", "MiB at the peak", "no file's", "resident", "own peak", "of one"):
        table.add_column(column, justify="right")
    kinds = sorted({kind for sample in samples for kind, _ in sample.processes})
    for kind in kinds:
        use, number = peak.total(kind), sum(name == kind for name, _ in peak.processes)
        one = max(use.pss for s in samples for name, use in s.processes if name == kind)
        own = peak_of(samples, kind).total(kind).pss
        table.add_row(
            kind, f"{number}", *(f"{mib:,.0f}" for mib in (*vars(use).values(), own, one))
        )
    table.add_section()
    whole = peak.total()
    table.add_row("all", f"{len(peak.processes)}", *(f"{mib:,.0f}" for mib in vars(whole).values()))
    return table


def main() -> int:
    """Look, and print a table; 1 if what was looked at failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--to", type=Path, help="file for all samples, as JSON")
    what = parser.add_subparsers(dest="what", required=True)
    report = what.add_parser("report")
    report.add_argument("profile", nargs="?", default="smoke")
    report.add_argument("--chapters", default="core")
    report.add_argument("--at-once")
    training = what.add_parser("training")
    training.add_argument("backbone", nargs="?", default="ResNet50")
    training.add_argument("--images", type=int, default=96, help="drawn; 0.7 of them train")
    training.add_argument("--learns", help="all, or a number of layers [default: as in full]")
    training.add_argument("--size", type=int, nargs=2, help="height and width [default: native]")
    training.add_argument("--epochs", type=int, default=2, help="of each stage")
    training.add_argument("--probe", action="store_true")
    options = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 120)
    if options.what == "report":
        words = ["--chapters", options.chapters]
        words += ["--at-once", options.at_once] if options.at_once else []
        found = watch_report(options.profile, words, lambda text: console.print(text, markup=False))
        title = f"report {options.profile}, chapters {options.chapters}"
        after = [f"trainings under way: {'; '.join(found['trainings']) or 'none'}"]
        status = found["status"]
    else:
        learns = options.learns
        config = native_config(
            options.backbone,
            int(learns) if learns and learns.isdigit() else learns,
            tuple(options.size) if options.size else None,
            options.epochs,
        )
        found = watch_training(config, options.images, options.probe, console.print)
        stages = ", ".join(f"{s.trainable} learn at batch {s.batch_size}" for s in config.stages)
        title = f"{config.backbone} at {config.image_size[0]}x{config.image_size[1]}: {stages}"
        steps = found["record"]["memory_steps"]
        least = f"{steps[-1]['micro_batch']} images at a time" if steps else "whole batches"
        after, status = [least], 0
    samples = found["samples"]
    console.print(memory_table(title, samples))
    peak = peak_of(samples)
    console.print(
        f"Peak {peak.total().pss:,.0f} MiB after {peak.time - samples[0].time:.0f} of "
        f"{found['seconds']:.0f} s, in: {', '.join(peak.running) or 'no chapter'}"
    )
    for line in after:
        console.print(line)
    if options.to:
        told = [
            {
                "time": s.time,
                "running": s.running,
                "processes": [[k, vars(u)] for k, u in s.processes],
            }
            for s in samples
        ]
        options.to.write_text(json.dumps(told), encoding="utf-8")
    return int(bool(status))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DermBookError as error:
        sys.exit(str(error))
