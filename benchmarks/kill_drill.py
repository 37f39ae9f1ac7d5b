"""Kill a report at random moments, and see whether anything is lost.

A ``smoke`` report is made twice from empty caches: once in peace, and once while SIGKILL goes
to the command itself, to a chapter's kernel or to a training's process, whichever the seed
draws, until it has been killed as often as asked. Then every history and every prediction must
be equal to the last bit, and so must every number of the report that is not a time.

    python -m benchmarks.kill_drill --kills 20
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from helpers.core import read_json

TIMES = ("seconds", "images_per_second", "speed", "memory", "cost")
"""Numbers whose keys hold one of these are measured and differ from run to run."""


RUNS = Path(__file__).resolve().parents[1] / "runs"


def _start(part: Path) -> subprocess.Popen[bytes]:
    code = "import sys; from helpers.cli.main import app; sys.argv[0] = 'dermbook'; app()"
    command = [sys.executable, "-c", code, "report", "smoke", "--run", f"drill-{part.name}"]
    log = open(part / "log.txt", "ab")  # noqa: SIM115 (the child's)
    environment = os.environ | {"DERMBOOK_HOME": str(part / "home")}
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def _victim(main: psutil.Process, rng: random.Random) -> tuple[str, psutil.Process]:
    """The command, a kernel or a training; each kind that is there is as likely."""
    kinds: dict[str, list[psutil.Process]] = {"command": [main]}
    for child in main.children(recursive=True):
        line = " ".join(child.cmdline())
        if "ipykernel_launcher" in line:
            kinds.setdefault("kernel", []).append(child)
        elif "helpers.training" in line:
            kinds.setdefault("training", []).append(child)
    kind = rng.choice(sorted(kinds))
    return kind, rng.choice(kinds[kind])


def run_drill(kills: int, seed: int, folder: Path) -> dict[str, Any]:
    """Make both reports and compare them.

    Parameters
    ----------
    kills : int
        How often to kill, at least.
    seed : int
        Of moments and victims.
    folder : Path
        Empty; takes caches and runs.

    Returns
    -------
    dict
        ``kills`` by kind, ``starts`` of the command, ``seconds``, ``trials`` compared and
        ``lost``: what is not equal, by name; empty where nothing is.
    """
    rng = random.Random(seed)
    began = time.monotonic()
    peace, war = folder / "peace", folder / "war"
    for part in (peace, war):
        (part / "home").mkdir(parents=True)
        shutil.rmtree(RUNS / f"drill-{part.name}", ignore_errors=True)
    if _start(peace).wait() != 0:
        raise RuntimeError(f"the undisturbed report failed; see {peace / 'log.txt'}")
    in_peace = time.monotonic() - began
    counts: Counter[str] = Counter()
    starts = 0
    while True:
        process = _start(war)
        starts += 1
        enough = counts.total() >= kills
        while process.poll() is None and not enough:
            try:
                process.wait(rng.uniform(1, in_peace / 4))
            except subprocess.TimeoutExpired:
                try:
                    kind, victim = _victim(psutil.Process(process.pid), rng)
                    victim.send_signal(signal.SIGKILL)
                    counts[kind] += 1
                except psutil.NoSuchProcess:
                    continue
            enough = counts.total() >= kills
        status = process.wait()
        if status == 0 and enough:
            break
        if status == 0:  # done before it was killed often enough: once more from nothing
            shutil.rmtree(war)
            shutil.rmtree(RUNS / "drill-war")
            (war / "home").mkdir(parents=True)
    return {
        "kills": dict(counts),
        "starts": starts,
        "seconds": round(time.monotonic() - began, 1),
        **_compare(peace, war),
    }


def _compare(peace: Path, war: Path) -> dict[str, Any]:
    lost = []
    trials = [path.parent for path in (peace / "home" / "trials").glob("*/trial.json")]
    for trial in trials:
        other = war / "home" / "trials" / trial.name
        for name in ("history.csv", "predictions.parquet"):
            if not (other / name).exists():
                lost.append(f"{trial.name}/{name} is missing")
                continue
            read = pd.read_csv if name.endswith("csv") else pd.read_parquet
            first, second = (read(part / name) for part in (trial, other))
            first, second = (t.drop(columns="seconds", errors="ignore") for t in (first, second))
            if not first.equals(second):
                steps = read_json(other / "trial.json")["memory_steps"]
                lost.append(f"{trial.name}/{name} differs" + (f" ({steps})" if steps else ""))
    first, second = (_numbers(RUNS / f"drill-{part.name}") for part in (peace, war))
    for key in sorted(set(first) | set(second)):
        timed = any(word in key for word in TIMES)
        if first.get(key) != second.get(key) and not timed:
            lost.append(f"{key}: {first.get(key)} became {second.get(key)}")
    return {"trials": len(trials), "numbers": len(first), "lost": lost}


def _numbers(run: Path) -> dict[str, str]:
    found = {}
    for path in (run / "numbers").glob("*.json"):
        for record in json.loads(path.read_text(encoding="utf-8")):
            found[f"{path.stem}.{record['key']}"] = record["text"]
    return found


def main() -> int:
    """Run the drill; 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dermbook-drill-"))
    result = run_drill(options.kills, options.seed, folder)
    print(json.dumps(result, indent=1))
    if result["lost"]:
        print(f"both caches are kept to be looked at, in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
