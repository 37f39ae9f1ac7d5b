"""What a drill of faults damages: how a whole artefact of each kind is made, and how it is used."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from helpers.core import CHAPTERS, ROOT, digest
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
