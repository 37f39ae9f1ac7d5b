"""What far more images, trials and GPUs would take: measured here, and reckoned from that.

``beyond.json`` holds what was measured, ``beyond.md`` is the page that is written from it, and a
test holds the page against the numbers.

    python -m benchmarks.beyond --sizes 1000,3000,10000,30000,100000 --ray benchmarks/ray.json
    python -m benchmarks.beyond --page --reports ../ham10000    # whole reports of real images
    python -m benchmarks.beyond --page
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.memory import watch_report
from benchmarks.process_memory import peak_of
from benchmarks.scaling import measure_scaling
from benchmarks.timing import slope
from helpers.core import ConfigError, cache_home, folder_bytes, read_json, write_json

HERE = Path(__file__).parent
NUMBERS, PAGE = HERE / "beyond.json", HERE / "beyond.md"

IMAGES, TRIALS, GPUS = 400_000, 1_000, 100
SIDE = 224
LINK_BYTES = 1.25e9
"""A second, of a network of 10 Gbit."""

GPU_IMAGES = 1_000.0
"""Images a second of a training of ResNet50 at 224 x 224 on one GPU. An assumption, and said so."""

EPOCHS = 30
REPORTED = "02,05,06"
"""Chapters of the reports that are measured: the data set, trainings, and their scores."""

REPORT_SIZES = (1_000, 3_000, 10_000)
BACKBONES = ("ResNet50", "EfficientNetB3", "InceptionResNetV2", "EfficientNetLite0")


def trial_bytes(folder: Path) -> dict[str, dict[str, float]]:
    """Bytes of a finished trial of each backbone in a folder of trials: the one that learns most.

    Returns
    -------
    dict of str to dict
        ``folder`` (what comes back), ``checkpoint`` (what goes to the storage after an epoch:
        weights, and two moments of each that learns) and ``parameters``.
    """
    found = {}
    for backbone in BACKBONES:
        paths = folder.glob(f"{backbone.lower()}-*/trial.json")
        trials = [(path, read_json(path)) for path in sorted(paths)]
        if not trials:
            continue
        path, record = max(trials, key=lambda trial: trial[1]["trainable_parameters"])
        parameters, learning = record["parameters"], record["trainable_parameters"]
        found[backbone] = {
            "parameters": parameters,
            "folder": folder_bytes(path.parent),
            "checkpoint": 4 * (parameters + 2 * learning),
        }
    return found


def measure_reports(source: str, sizes: Sequence[int] = REPORT_SIZES) -> dict[str, Any]:
    """Run reports of so many images of a source, each from an empty cache.

    Parameters
    ----------
    source : str
        With at least as many images as the largest size.
    sizes : sequence of int, default=(1000, 3000, 10000)
        Numbers of images.

    Returns
    -------
    dict
        ``chapters``, ``images``, ``seconds`` (from the command to PDF and HTML), ``peak_mib`` of
        all its processes together (Linux), ``exponent`` of the last two points, and ``load``.

    Raises
    ------
    ConfigError
        If a report failed.
    """
    before = os.getloadavg()[0]
    seconds, peaks = [], []
    for size in sizes:
        words = ["--chapters", REPORTED, "--source", source, "--max-images", str(size)]
        found = watch_report("smoke", words, print)
        if found["status"]:
            raise ConfigError(f"report of {size:,} images: expected exit 0 but got what is above")
        seconds.append(found["seconds"])
        peaks.append(peak_of(found["samples"]).total().pss)
        print(f"report, {size:,} images: {seconds[-1]:.0f} s, {peaks[-1]:,.0f} MiB", flush=True)
    return {
        "chapters": REPORTED,
        "images": list(sizes),
        "seconds": seconds,
        "peak_mib": peaks,
        "exponent": slope(sizes[-2:], seconds[-2:]),
        "load": [before, os.getloadavg()[0]],
    }


def measure_beyond(sizes: Sequence[int], trials: Path) -> dict[str, Any]:
    """Measure parts at all sizes, and look at finished trials."""
    before = os.getloadavg()[0]
    scaling = measure_scaling(sizes, progress=print)
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "load": [before, os.getloadavg()[0]],
        "scaling": scaling,
        "trials": trial_bytes(trials),
    }


def _reckon(part: dict[str, Any], n_images: int) -> tuple[float, float]:
    """Seconds and MiB at another size: in proportion to the last point."""
    last = part["images"][-1]
    grown = part["kib_per_image"] * (n_images - last) / 1024
    return part["seconds"][-1] * n_images / last, part["peak_mib"][-1] + max(grown, 0.0)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join('---' for _ in head)}|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _reported(reports: dict[str, Any] | None) -> list[str]:
    if reports is None:
        return ["Whole reports were not measured here: `--page --reports SOURCE`."]
    return [
        *_table(
            ["report", *(f"{size:,} images" for size in reports["images"])],
            [
                ["from the command to the PDF", *(f"{s:.0f} s" for s in reports["seconds"])],
                ["memory of all processes", *(f"{m:,.0f} MiB" for m in reports["peak_mib"])],
            ],
        ),
        "",
        f"Chapters {reports['chapters']} of the profile `smoke` on real images of 200 x 150, from "
        f"an empty cache (load {max(reports['load']):.0f}); between the last two sizes seconds "
        f"grow with the power {reports['exponent']:.2f} of the images.",
    ]


def render(numbers: dict[str, Any]) -> str:
    """The page.

    Parameters
    ----------
    numbers : dict
        Of `measure_beyond`, with ``ray`` of `benchmarks.ray_scaling.measure_ray` and ``reports``
        of `measure_reports` where those were measured.
    """
    scaling, trials, ray = numbers["scaling"], numbers["trials"], numbers.get("ray")
    sizes = next(iter(scaling.values()))["images"]
    busy = max(numbers["load"]) > 1.5 * numbers["machine"]["cores"]
    store = IMAGES * SIDE * SIDE * 3
    of_resnet = trials["ResNet50"]
    epoch = 0.6 * IMAGES / GPU_IMAGES
    hours = TRIALS * EPOCHS * epoch / GPUS / 3600
    back = TRIALS * of_resnet["folder"]
    kept = GPUS * of_resnet["checkpoint"] / epoch
    lines = [
        "# Beyond this machine",
        "",
        "Generated from `beyond.json` by `python -m benchmarks.beyond --page`; not edited.",
        "",
        f"Measured with {numbers['machine']['cores']} cores"
        + (
            f", while others computed on them as well (load {max(numbers['load']):.0f}): seconds "
            "are too many, their growth and all bytes are right."
            if busy
            else "."
        ),
        "",
        "## What was measured",
        "",
        *_table(
            ["part", *(f"{size:,} images" for size in sizes), "exponent", "KiB an image"],
            [
                [
                    name,
                    *(f"{seconds:.1f} s" for seconds in part["seconds"]),
                    f"{part['time_exponent']:.2f}",
                    f"{part['kib_per_image']:.2f}",
                ]
                for name, part in scaling.items()
            ],
        ),
        "",
        "The store is one of 16 x 16 pixels from small pictures: its rows show what an image costs "
        "besides its pixels. The catalogue is read, checked, and read again from its cache.",
        "",
        *_table(
            ["network", "parameters", "comes back", "goes to the storage an epoch"],
            [
                [
                    name,
                    f"{one['parameters']:,}",
                    f"{one['folder'] / 2**20:.0f} MiB",
                    f"{one['checkpoint'] / 2**20:.0f} MiB",
                ]
                for name, one in trials.items()
            ],
        ),
        "",
        f"Ray: {ray['tasks_per_second']:,.0f} empty tasks a second; eight trials on two machines "
        f"of one core take {ray['ratio']:.2f} of the time on one; its own cost is "
        f"{ray['cost']:.1f} s of {mean(ray['local']):.0f} s of training."
        if ray
        else "Ray's own costs were not measured here: `python -m benchmarks.ray_scaling`.",
        "",
        *_reported(numbers.get("reports")),
        "",
        f"## {IMAGES:,} images, {TRIALS:,} trials, {GPUS} GPUs",
        "",
        f"Reckoned in proportion from the largest size, for {EPOCHS} epochs of ResNet50 at {SIDE} "
        f"x {SIDE}, {GPU_IMAGES:,.0f} images a second on a GPU and a network of "
        f"{LINK_BYTES * 8 / 1e9:.0f} Gbit/s. The last two are assumptions, and no measurement.",
        "",
        *_table(
            ["what", "takes", "from"],
            [
                *(
                    [
                        name,
                        f"{_reckon(part, IMAGES)[0]:,.0f} s, {_reckon(part, IMAGES)[1]:,.0f} MiB",
                        "the table above",
                    ]
                    for name, part in scaling.items()
                    if name != "store"
                ),
                [
                    "image store",
                    f"{store / 1e9:.0f} GB on each machine; {store / LINK_BYTES:.0f} s for one to "
                    "get it",
                    f"{IMAGES:,} x {SIDE} x {SIDE} x 3 bytes",
                ],
                [
                    "training",
                    f"{hours:.0f} h on all GPUs, {epoch / 60:.0f} minutes an epoch",
                    "60 % of the images train",
                ],
                [
                    "checkpoints",
                    f"{kept / 1e6:.0f} MB/s into the storage",
                    f"{of_resnet['checkpoint'] / 1e6:.0f} MB a GPU and epoch",
                ],
                [
                    "finished trials",
                    f"{back / 1e9:.0f} GB in all, {back / LINK_BYTES:.0f} s of the network",
                    f"{of_resnet['folder'] / 1e6:.0f} MB each",
                ],
                [
                    "messages",
                    f"{GPUS * 2 / epoch:.1f} a second to the display",
                    "an event an epoch and its start",
                ],
            ],
        ),
        "",
        "## What breaks first",
        "",
        f"1. **Sending the image store.** It is handed to Ray whole by the machine that asks: "
        f"{store / 1e9:.0f} GB that do not fit Ray's memory and are written to its disk a second "
        f"time. With {GPUS} machines that all begin at once they come from few sources. What to "
        "change: build the store where the cache is shared (`DERMBOOK_HOME` on a disk that all "
        "machines see: then nothing is sent), or send it through `--storage`, in shards of some "
        "gigabytes.",
        "2. **Reading the store.** A training reads rows in any order from a memory map. As long "
        f"as {store / 1e9:.0f} GB fit the memory of a machine that is free; else an epoch reads "
        f"{GPU_IMAGES * SIDE * SIDE * 3 / 1e6:.0f} MB/s for each GPU in pieces of "
        f"{SIDE * SIDE * 3 / 1e3:.0f} kB, which a local SSD gives and a shared disk with {GPUS} "
        "readers does not. What to change: shuffle shards, and rows within some of them.",
        "3. **One machine that asks.** It holds a lock file and a stream for each of at most 256 "
        "trials that the cluster knows of. More GPUs than that would wait for it. What to change: "
        "`MOST_SENT`, and the limit of open files.",
        "4. **The report.** Chapters hold the predictions of their trials as tables in memory: "
        f"{TRIALS:,} trials of 40 % of {IMAGES:,} images with seven probabilities are "
        f"{TRIALS * 0.4 * IMAGES * 11 * 8 / 1e9:.0f} GB. What to change: score each trial where it "
        "was trained, and keep its scores and resamples.",
        "",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, or write the page of what was measured."""
    parser = argparse.ArgumentParser(description="What far more images and trials would take")
    parser.add_argument("--sizes", default="1000,3000,10000,30000,100000")
    parser.add_argument("--trials", type=Path, help="Of finished trials. [default: the cache's]")
    parser.add_argument("--ray", type=Path, help="What benchmarks.ray_scaling wrote.")
    parser.add_argument(
        "--page",
        action="store_true",
        help="Only write the page; with --trials, --ray and --reports, of those too.",
    )
    parser.add_argument("--reports", help="Run reports of this source, of real images.")
    options = parser.parse_args(arguments)
    if options.page:
        numbers = read_json(NUMBERS)
        if options.trials is not None:
            numbers["trials"] = trial_bytes(options.trials)
    else:
        sizes = [int(size) for size in options.sizes.split(",")]
        numbers = measure_beyond(sizes, options.trials or cache_home() / "trials")
    if options.reports is not None:
        numbers["reports"] = measure_reports(options.reports)
    if options.ray is not None:
        numbers["ray"] = read_json(options.ray)
    write_json(NUMBERS, numbers)
    PAGE.write_text(render(numbers), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
