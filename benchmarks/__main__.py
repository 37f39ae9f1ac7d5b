"""Run all benchmarks, print one table, write ``results.json`` and ``details.json`` beside this."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.gradcam import measure_gradcam
from benchmarks.peers.other_python import NotMeasuredError, torch_python
from benchmarks.pipeline import measure_pipeline
from benchmarks.pipeline_peers import PACKAGES, measure_pipeline_peers
from benchmarks.scaling import measure_scaling
from benchmarks.timing import Ratio, in_child
from benchmarks.training_peer import measure_training_peer, peer_table
from benchmarks.training_share import measure_training_share
from helpers.core import ConfigError, write_json

HERE = Path(__file__).parent
GOALS = {
    "pipeline_ratio": 40.0,
    "tf_data_ratio": 20.0,
    "albumentations_ratio": 4.0,
    "training_share": 0.97,
    "gradcam_ratio": 4.0,
}


def collect(details: dict[str, Any]) -> dict[str, Any]:
    """The figures of ``results.json``: ratios, and the slopes of the scaling.

    None stands for what was not measured; why not is in the table and in ``details.json``.
    """
    beside, steps = details["pipeline_peers"]["albumentations"], details["training_peer"]
    return {
        "pipeline_ratio": details["pipeline"]["ratio"].value,
        "tf_data_ratio": details["pipeline_peers"]["tf_data"].value,
        "albumentations_ratio": None if isinstance(beside, str) else beside.value,
        "training_share": details["training"]["ratio"].value,
        "torch_steps_ratio": None
        if "not_measured" in steps
        else {
            name: {way: one["ratio"].value for way, one in ways.items()}
            for name, ways in steps.items()
        },
        "gradcam_ratio": details["gradcam"]["ratio"].value,
        "scaling": details["scaling"],
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return value


def _ratio_row(
    table: Table, what: str, ratio: Ratio, rates: str, goal: float | None = None
) -> None:
    digits = 3 if ratio.value < 2 else 1
    verdict = "" if goal is None else f"{goal:g}: {'yes' if ratio.value >= goal else 'no'}"
    spread = f"{ratio.low:.{digits}f} to {ratio.high:.{digits}f}"
    told = f"{ratio.first:,.0f} / {ratio.second:,.0f} {rates}"
    table.add_row(what, f"{ratio.value:.{digits}f}", spread, verdict, told)


def make_table(details: dict[str, Any]) -> Table:
    """All measurements as one table."""
    pipeline, training = details["pipeline"], details["training"]
    gradcam, per_second = details["gradcam"], "images/s"
    table = Table(title=f"DermBook on {os.cpu_count()} cores")
    for column in ("measured", "value", "rounds", "goal", "from"):
        table.add_column(column, justify="left" if column in ("measured", "from") else "right")
    _ratio_row(
        table,
        f"pipeline_ratio, {pipeline['threads']} threads against ImageDataGenerator's one",
        pipeline["ratio"], per_second, GOALS["pipeline_ratio"],
    )  # fmt: skip
    same = f"  as many threads ({pipeline['threads']}) for both"
    _ratio_row(table, same, pipeline["same_threads"], per_second)
    for name, ratio in pipeline["recipes"].items():
        _ratio_row(table, f"  recipe of {name}", ratio, per_second)
    seconds, rate = pipeline["store_seconds"], pipeline["store_rate"]
    table.add_row(
        "  image store, built once", f"{seconds:.1f} s", "", "",
        f"{rate:,.0f} images/s, pays for itself in epoch {pipeline['paid_back_epoch']}",
    )  # fmt: skip
    peers = details["pipeline_peers"]
    for key, name in (("tf_data", "tf.data + Keras layers"), ("albumentations", "DataLoader")):
        what = f"{key}_ratio, {peers['workers']} workers each, {name}"
        if isinstance(peers[key], str):
            table.add_row(what, "", "", "", f"not measured: {peers[key]}")
        else:
            _ratio_row(table, what, peers[key], per_second, GOALS[f"{key}_ratio"])
    _ratio_row(
        table, "training_share, all layers learn", training["ratio"], per_second,
        GOALS["training_share"],
    )  # fmt: skip
    _ratio_row(table, "  only the head learns", training["head_only"], per_second)
    steps = details["training_peer"]
    if "not_measured" in steps:
        table.add_row("torch_steps_ratio", "", "", "", f"not measured: {steps['not_measured']}")
        steps = {}
    for name, ways in steps.items():
        for way, one in ways.items():
            _ratio_row(table, f"torch_steps_ratio, {name}, {way}", one["ratio"], per_second)
    _ratio_row(
        table, "gradcam_ratio, Grad-CAM", gradcam["ratio"], per_second, GOALS["gradcam_ratio"]
    )
    _ratio_row(table, "  Grad-CAM++", gradcam["gradcam++"], per_second)
    for part, found in details["scaling"].items():
        table.add_row(
            f"scaling, {part}: seconds as n to the", f"{found['time_exponent']:.2f}",
            f"last {found['last_exponent']:.2f}", found["time"],
            f"{found['seconds'][-1]:.1f} s for {found['images'][-1]:,} images; memory "
            f"{found['memory']}, {found['kib_per_image']:+.1f} KiB an image",
        )  # fmt: skip
    return table


def _first(found: dict[str, Any]) -> str:
    ratio = found.get("ratio") or found.get("tf_data")
    return f": {ratio.value:.3g}, rounds {ratio.low:.3g} to {ratio.high:.3g}" if ratio else ""


def main() -> None:
    """Measure, each part in a process of its own; the whole takes some minutes."""
    console = Console(width=None if Console().is_terminal else 150)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    start = time.perf_counter()
    try:
        torch_python(PACKAGES)
    except ConfigError as error:  # told before anything is measured
        raise SystemExit(str(error)) from None
    except NotMeasuredError as reason:
        console.print(f"Without what needs torch or albumentations: {reason}", soft_wrap=True)
    details: dict[str, Any] = {}
    parts = {
        "pipeline": measure_pipeline,
        "pipeline_peers": measure_pipeline_peers,
        "training": measure_training_share,
        "training_peer": measure_training_peer,
        "gradcam": measure_gradcam,
    }
    for name, part in parts.items():
        begun = time.perf_counter()
        # What compares processes needs none of its own.
        isolated = part is not measure_training_peer
        details[name] = in_child(part) if isolated else part(progress=console.print)
        console.print(f"{name}{_first(details[name])} ({time.perf_counter() - begun:.0f} s)")
    details["scaling"] = measure_scaling(progress=console.print)
    console.print(make_table(details))
    if "not_measured" not in details["training_peer"]:
        console.print(peer_table(details["training_peer"]))
    write_json(HERE / "results.json", collect(details))
    write_json(HERE / "details.json", _plain(details))
    minutes = (time.perf_counter() - start) / 60
    console.print(f"{minutes:.1f} minutes; written to {(HERE / 'results.json')}")


if __name__ == "__main__":
    main()
