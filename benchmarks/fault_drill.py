"""Damage one file at a time, and see what becomes of it.

Whole artefacts of each kind are made once: folders and archives of images, stores, trials,
checkpoints, features, served models, exports, profiles, executed chapters. Then, case by case, a
copy of one is damaged as the seed draws (bits flipped, cut, overwritten, lengthened, renamed,
deleted) and used in a process of its own. It has to end

- with the result of the whole one, or with the answer that it has to be made again,
- or with a message of the project's own that names the file,
- or, where nothing can tell (a picture's own pixels, a number in a user's table), with the result
  of what is written there now.

What the cases import is imported once, before their processes are forked.

A traceback, a hang, another result of what has a checksum, and a change to any other file are
faults.

    python -m benchmarks.fault_drill --cases 500 --seed 0
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.fault_kinds import AGAIN, KINDS, Kind
from helpers.core import DermBookError, sha256_file

PATIENCE = 120.0
"""Seconds after which a case counts as a hang."""

ANSWERS = ("same", "again", "told", "as written")
"""Right ends of a case; all others are faults."""


def damage(path: Path, rng: random.Random) -> str:
    """Damage a file in one way; say which."""
    content = bytearray(path.read_bytes())
    size = len(content)
    way = rng.choice(("flip", "flip", "cut", "overwrite", "lengthen", "rename", "delete", "empty"))
    if way == "flip" and size:
        places = [rng.randrange(size) for _ in range(rng.choice((1, 1, 3, 20)))]
        for place in places:
            content[place] ^= 1 << rng.randrange(8)
    elif way == "cut" and size:
        del content[rng.randrange(size) :]
    elif way == "overwrite" and size:
        first = rng.randrange(size)
        last = min(size, first + rng.choice((4, 64, 4096)))
        content[first:last] = rng.randbytes(last - first)
    elif way == "lengthen":
        content += rng.randbytes(rng.choice((1, 100, 5000)))
    elif way == "rename":
        name = rng.choice((f"{path.name}.bak", f"{path.stem}", f"copy of {path.name}"))
        if not path.with_name(name).exists():
            path.rename(path.with_name(name))
        return way
    elif way == "delete":
        path.unlink()
        return way
    else:
        way, content = "empty", bytearray()
    path.write_bytes(content)
    return way


def _answer(pipe: Any, kind: Kind, folder: Path) -> None:
    warnings.simplefilter("ignore")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.environ["DERMBOOK_HOME"] = str(folder)
    try:
        pipe.send(("result", kind.use(folder)))
    except DermBookError as error:
        pipe.send(("told", str(error)))
    except BaseException:
        pipe.send(("traceback", traceback.format_exc()))
    os._exit(0)


def in_child(function: Callable[..., None], *arguments: Any) -> tuple[str, Any]:
    """Call ``function(pipe, *arguments)`` in a forked process; what it sends, or "hang"."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=function, args=(there, *arguments))
    process.start()
    there.close()
    try:
        if not here.poll(PATIENCE):
            return "hang", f"no answer in {PATIENCE:.0f} s"
        return here.recv()  # type: ignore[no-any-return]
    except EOFError:
        process.join()
        return "died", f"status {process.exitcode}"
    finally:
        process.kill()
        process.join()


def _make(pipe: Any, kind: Kind, folder: Path) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.environ["DERMBOOK_HOME"] = str(folder)
    try:
        kind.make(folder)
        pipe.send(("made", ""))
    except BaseException:
        pipe.send(("traceback", traceback.format_exc()))
    os._exit(0)


def _others(folder: Path, but: Path) -> dict[str, str]:
    """What must still be there: all files but the damaged one."""
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != but
    }


def _judge(
    kind: Kind, file: Path, way: str, whole: Any, answer: tuple[str, Any]
) -> tuple[str, str]:
    what, value = answer
    if what == "told":
        # Which name is missing cannot be known; where it is missing can.
        names = [file.name, file.stem]
        names += [str(file.parent)] if way in ("rename", "delete") else []
        named = any(name in value for name in names)
        return ("told", "") if named else ("untold", f"the message does not name {file}: {value}")
    if what != "result":
        return what, str(value)
    if value == whole:
        return "same", ""
    if value == AGAIN:
        return "again", ""
    return ("wrong", f"expected {whole}, got {value}") if kind.guarded else ("as written", "")


def run_drill(
    cases: int, seed: int, folder: Path, kinds: tuple[Kind, ...] = KINDS
) -> Iterator[dict[str, Any]]:
    """Make, damage and use.

    Parameters
    ----------
    cases : int
        In all, divided among the kinds by their shares.
    seed : int
        Of files and damage.
    folder : Path
        Empty; takes artefacts and copies.
    kinds : tuple of Kind, default=KINDS

    Yields
    ------
    dict
        One a case: ``kind``, ``file``, ``damage``, ``end``, ``detail``, ``seconds``.
    """
    rng = random.Random(seed)
    total = sum(kind.share for kind in kinds)
    for kind in kinds:
        origin = folder / kind.name.replace(" ", "-")
        origin.mkdir()
        what, why = in_child(_make, kind, origin)
        if what != "made":
            raise RuntimeError(f"{kind.name}: the whole artefact could not be made: {why}")
        what, whole = in_child(_answer, kind, origin)
        if what != "result" or whole == AGAIN:
            raise RuntimeError(f"{kind.name}: the whole artefact does not work: {whole}")
        files = sorted(
            path.relative_to(origin)
            for path in origin.glob(kind.inside)
            if path.is_file() and path.suffix != ".lock"
        )
        for _ in range(max(1, round(cases * kind.share / total))):
            case = folder / "case"
            shutil.copytree(origin, case, symlinks=True)
            file = rng.choice(files)
            before = _others(case, case / file)
            way = damage(case / file, rng)
            began = time.monotonic()
            end, detail = _judge(kind, file, way, whole, in_child(_answer, kind, case))
            after = _others(case, case / file)
            if lost := [name for name in before if name not in after and not _replaced(kind, name)]:
                end, detail = "lost", ", ".join(lost)
            yield {
                "kind": kind.name, "file": str(file), "damage": way, "end": end,
                "detail": detail, "seconds": round(time.monotonic() - began, 2),
            }  # fmt: skip
            shutil.rmtree(case)
        shutil.rmtree(origin)


def _replaced(kind: Kind, name: str) -> bool:
    """Whether a file goes when its neighbour is damaged: what is made again is made whole."""
    return kind.guarded and Path(name).match(kind.inside.replace("**/", ""))


def main() -> int:
    """Run the drill; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", help="only this kind; may be repeated")
    options = parser.parse_args()
    kinds = tuple(kind for kind in KINDS if not options.kind or kind.name in options.kind)
    if any(kind.framework for kind in kinds):
        import tensorflow  # noqa: F401 (once, for all the processes that are forked)

    ends: dict[str, Counter[str]] = {kind.name: Counter() for kind in kinds}
    with tempfile.TemporaryDirectory(prefix="dermbook-faults-") as folder:
        for case in run_drill(options.cases, options.seed, Path(folder), kinds):
            ends[case["kind"]][case["end"]] += 1
            if case["end"] not in ANSWERS:
                print(json.dumps(case, indent=1), flush=True)
    for name, counts in ends.items():
        print(f"{name}: {', '.join(f'{n} {end}' for end, n in sorted(counts.items()))}")
    counts = sum(ends.values(), Counter())
    faults = sum(n for end, n in counts.items() if end not in ANSWERS)
    print(f"{counts.total()} cases, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
