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
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from helpers.core import CHAPTERS, ROOT, DermBookError, digest, sha256_file
from helpers.dataset import load_catalogue, open_source, open_store, split_catalogue
from helpers.sample import draw_sample
from helpers.serving.bundled import read_recipe
from helpers.study import load_profile
from helpers.training import Stage, TrialConfig, find_trial, run_trials
from helpers.training.checkpoints import Checkpoint, load_best, load_checkpoint
from helpers.training.features import open_features
from helpers.training.trials import Task

AGAIN = "to be made again"
"""Result of an artefact that was found damaged, where the project makes it anew by itself."""

PATIENCE = 120.0
"""Seconds after which a case counts as a hang."""

ANSWERS = ("same", "again", "told", "as written")
"""Right ends of a case; all others are faults."""


@dataclass(frozen=True)
class Kind:
    """One kind of artefact.

    Attributes
    ----------
    name : str
        What the table calls it.
    share : int
        Its cases in a hundred.
    make : callable
        Writes a whole one into an empty folder, which is the cache folder as well.
    use : callable
        What it is for; gives what can be compared with ``==``.
    inside : str
        Pattern of the files that are damaged.
    guarded : bool
        Whether the project wrote it, so that no other result may pass for its own.
    framework : bool, default=False
        Whether it takes TensorFlow, which is then imported once for all cases.
    """

    name: str
    share: int
    make: Callable[[Path], None]
    use: Callable[[Path], Any]
    inside: str
    guarded: bool
    framework: bool = False


def _digest_array(array: Any) -> str:
    return digest(
        [str(array.dtype), list(array.shape), np.ascontiguousarray(array).tobytes().hex()]
    )


def _write_source(folder: Path) -> None:
    """Forty-two drawn images at a tenth of their size, in the original layout; drawn once."""
    small = folder.parent / "drawn"
    if not small.exists():
        whole = draw_sample(folder / "whole", n_images=42)
        drawn = load_catalogue(open_source(whole))
        for part in ("HAM10000_images_part_1", "masks"):
            (small / part).mkdir(parents=True)
        for row in drawn.itertuples():
            for path, place in ((row.path, "HAM10000_images_part_1"), (row.mask_path, "masks")):
                pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
                pixels = cv2.resize(pixels, (60, 45), interpolation=cv2.INTER_AREA)
                cv2.imwrite(str(small / place / Path(path).name), pixels)
        shutil.copyfile(next(whole.glob("*etadata*")), small / "HAM10000_metadata.csv")
        shutil.rmtree(whole)
        shutil.rmtree(folder / "catalogues", ignore_errors=True)
    shutil.copytree(small, folder / "images")


def _write_archives(folder: Path) -> None:
    _write_source(folder)
    packed = folder / "archives"
    packed.mkdir()
    for part in ("HAM10000_images_part_1", "masks"):
        with zipfile.ZipFile(packed / f"{part}.zip", "w") as archive:
            for path in sorted((folder / "images" / part).iterdir()):
                archive.write(path, path.name)
    shutil.copy(folder / "images" / "HAM10000_metadata.csv", packed)
    shutil.rmtree(folder / "images")


def _read_source(place: str) -> Callable[[Path], Any]:
    def read(folder: Path) -> Any:
        catalogue = load_catalogue(open_source(folder / place))
        store = open_store(catalogue, (24, 32))
        facts = catalogue.drop(columns=["path", "mask_path"]).astype(str).to_numpy().tolist()
        return digest([facts, _digest_array(np.asarray(store.images))])

    return read


def _write_store(folder: Path) -> None:
    _write_source(folder)
    _read_source("images")(folder)


def _tiny_trial(folder: Path) -> Any:
    catalogue = split_catalogue(load_catalogue(open_source(folder / "images")))
    config = TrialConfig(
        name="Tiny", backbone="MobileNet", image_size=(32, 32), stages=(Stage(epochs=1),)
    )
    return catalogue, config


def _write_trial(folder: Path) -> None:
    _write_source(folder)
    catalogue, config = _tiny_trial(folder)
    run_trials([config], catalogue)


def _read_trial(folder: Path) -> Any:
    catalogue, config = _tiny_trial(folder)
    trial = find_trial(config, catalogue)
    if trial is None:
        return AGAIN
    return digest(
        [trial.predictions.astype(str).to_numpy().tolist(), trial.load_model().count_params()]
    )


def _write_checkpoint(folder: Path) -> None:
    rng = np.random.default_rng(0)
    first, second = ([rng.random((40, 30), np.float32), np.array(epoch)] for epoch in (1, 2))
    rows = [{"stage": 1, "epoch": epoch, "loss": 1.0 / epoch} for epoch in (1, 2)]
    (folder / "work").mkdir()
    Checkpoint(rows[:1], rows[0], first, first[:1], 1.0).save(folder / "work")
    Checkpoint(rows, rows[0], second, second[:1], 2.0).save(folder / "work")


def _read_checkpoint(folder: Path) -> Any:
    try:
        state = load_checkpoint(folder / "work")
    except ValueError:  # as the trainer does, which then tells that it trains from the start
        return AGAIN
    if state is None:
        return AGAIN
    arrays = [*state.variables, *state.optimizer, *load_best(folder / "work")]
    return digest([state.rows, state.best, state.seconds, *map(_digest_array, arrays)])


def _write_features(folder: Path) -> None:
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    np.save(folder / "images" / "store.npy", rng.integers(0, 256, (30, 8, 8, 3), np.uint8))
    _read_features(folder)


def _read_features(folder: Path) -> Any:
    class Mean:
        def each(self, images: Any, rows: Any) -> Any:
            return images[rows].mean(axis=(1, 2), dtype=np.float32)

    path = folder / "images" / "store.npy"
    config = TrialConfig(
        name="Tiny", backbone="EfficientNetLite0", image_size=(8, 8), weights="imagenet",
        stages=(Stage(),),
    )  # fmt: skip
    task = Task("key", config, folder / "table.parquet", path, folder / "key")
    return _digest_array(np.asarray(open_features(task, np.load(path), Mean())))  # type: ignore[arg-type]


def _write_served(folder: Path) -> None:
    shutil.copytree(ROOT / "apps" / "model", folder / "model", ignore=shutil.ignore_patterns("web"))


def _read_served(folder: Path) -> Any:
    from helpers.serving.model import open_model

    served = open_model(folder / "model")
    height, width = served.card.image_size
    images = np.random.default_rng(0).integers(0, 256, (2, height, width, 3), np.uint8)
    gate = served.gate
    variations = served.variations(images)
    told = [] if gate is None else gate.score(variations).round(3).tolist()
    return digest([served.predict(images, "single").round(4).tolist(), told])


def _write_export(folder: Path) -> None:
    shutil.copytree(ROOT / "apps" / "model" / "web", folder / "web")


def _read_export(folder: Path) -> Any:
    from helpers.serving.exports import open_runtime, verify_export

    verify_export(folder / "web")
    compute = open_runtime("tfjs", folder / "web")
    images = np.random.default_rng(0).integers(0, 256, (1, 144, 192, 3), np.uint8)
    return digest(compute(images)["probabilities"].round(4).tolist())


def _write_profile(folder: Path) -> None:
    (folder / "profiles").mkdir()
    shutil.copyfile(CHAPTERS / "profiles" / "smoke.yml", folder / "profiles" / "mine.yml")
    shutil.copyfile(ROOT / "apps" / "model" / "recipe.yml", folder / "profiles" / "recipe.yml")


def _read_profile(folder: Path) -> Any:
    profile = load_profile(folder / "profiles" / "mine.yml")
    recipe = read_recipe(folder / "profiles" / "recipe.yml")
    return digest([profile.model_dump(mode="json"), recipe.model_dump(mode="json")])


PARAMETERS = ("source", "max_images", "seed", "split_file", "run_folder")
"""Of every chapter, besides its profile."""


def _write_chapter(folder: Path) -> None:
    """A run of one short chapter, executed and rendered."""
    import nbformat

    cells = [
        nbformat.v4.new_markdown_cell("# A chapter\n\nIt computes one number."),
        nbformat.v4.new_code_cell(
            "\n".join(["profile = 'smoke'", *(f"{name} = None" for name in PARAMETERS)]),
            metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell("print(6 * 7)"),
    ]
    spec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
    (folder / "chapters").mkdir()
    nbformat.write(book, folder / "chapters" / "01_one.ipynb")
    _read_chapter(folder)


def _read_chapter(folder: Path) -> Any:
    from rich.console import Console

    from helpers.report import build_report

    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        status = build_report(
            "smoke", chapters="all", runs_dir=folder / "runs", chapters_dir=folder / "chapters",
            console=Console(file=nowhere),
        )  # fmt: skip
    page = (folder / "runs" / "smoke" / "report.html").read_text(encoding="utf-8")
    return [status, ">42" in page or "\n42" in page, "Traceback" in page]


KINDS = (
    Kind("folder of images", 22, _write_source, _read_source("images"), "images/**/*", False),
    Kind("archives", 18, _write_archives, _read_source("archives"), "archives/*", False),
    Kind("image store", 12, _write_store, _read_source("images"), "stores/*", True),
    Kind("catalogue", 6, _write_store, _read_source("images"), "catalogues/*", True),
    Kind("trial", 8, _write_trial, _read_trial, "trials/*/*", True, framework=True),
    Kind("checkpoint", 12, _write_checkpoint, _read_checkpoint, "work/*", True),
    Kind("features", 6, _write_features, _read_features, "features/*", True),
    Kind("served model", 5, _write_served, _read_served, "model/*.*", True, framework=True),
    Kind("export", 3, _write_export, _read_export, "web/*", True, framework=True),
    Kind("profile", 6, _write_profile, _read_profile, "profiles/*", False),
    Kind(
        "executed chapter", 2, _write_chapter, _read_chapter, "runs/smoke/*/*", True, framework=True
    ),
)


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
