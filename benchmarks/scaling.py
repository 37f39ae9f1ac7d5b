"""Time and memory against the number of images: catalogue, image store and split."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

from benchmarks.timing import Cost, empty_cache, in_child, measure, slope
from helpers.core import CLASSES
from helpers.dataset import (
    load_catalogue,
    metadata_schema,
    open_source,
    open_store,
    split_catalogue,
)

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
PARTS = ("catalogue", "catalogue again", "store", "split")
PICTURES = 50  # a file system bounds the links of a file, ext4 to 65,000
IMAGES_PER_LESION = 1.34  # 10,015 images of 7,470 lesions
STORE_SIZE = (16, 16)

LINEAR = 1.1
"""Largest exponent of seconds on images that is called linear."""

FLAT = 1.0
"""Most KiB that peak memory may grow an image and be called flat; a picture has 791 decoded."""


def make_source(folder: Path, n_images: int, seed: int = 0) -> Path:
    """Fill a folder with small pictures in the layout of HAM10000.

    Parameters
    ----------
    folder : Path
        Is made; its pictures are links to few files, so that 100,000 fit anywhere.
    n_images : int
        How many.
    seed : int, default=0
        Of the pictures, lesions and classes.
    """
    random = np.random.default_rng(seed)
    originals = folder.parent / f"{folder.name}-pictures"
    originals.mkdir(parents=True)
    for number in range(PICTURES):
        coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        picture = cv2.resize(coarse, (64, 48), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(originals / f"{number}.jpg"), picture)
    images = folder / "images"
    images.mkdir(parents=True)
    names = [f"ISIC_{number:07d}" for number in range(n_images)]
    for number, name in enumerate(names):
        original, link = originals / f"{number % PICTURES}.jpg", images / f"{name}.jpg"
        try:
            os.link(original, link)
        except OSError:
            shutil.copyfile(original, link)
    lesion = np.sort(random.integers(0, int(n_images / IMAGES_PER_LESION), n_images))
    dx = np.array(CLASSES)[lesion % len(CLASSES)]
    table = pd.DataFrame({"lesion_id": [f"HAM_{n:07d}" for n in lesion], "image_id": names})
    table = table.assign(dx=dx, dx_type="histo", age=50, sex="female", localization="back")
    table.to_csv(folder / "HAM10000_metadata.csv", index=False)
    return folder


def measure_catalogue(folder: Path, kept: Path) -> tuple[Cost, Cost]:
    """Load a folder for the first and for the second time; keep the catalogue as a file."""
    metadata_schema()  # its packages are imported before, not while the clock runs
    source = open_source(folder)
    loaded: list[pd.DataFrame] = []
    first = measure(lambda: loaded.append(load_catalogue(source)))
    loaded[0].to_parquet(kept)
    loaded.clear()
    return first, measure(lambda: load_catalogue(source))


def measure_store(kept: Path) -> Cost:
    """Build the image store of a catalogue."""
    catalogue = pd.read_parquet(kept)
    return measure(lambda: open_store(catalogue, STORE_SIZE))


def measure_split(kept: Path) -> Cost:
    """Split a catalogue by lesion."""
    catalogue = pd.read_parquet(kept)
    split_catalogue(catalogue.groupby("dx").head(9))  # what pandas imports late, it imports here
    return measure(lambda: split_catalogue(catalogue))


def _summary(sizes: Sequence[int], costs: Sequence[Cost]) -> dict[str, Any]:
    seconds = [cost.seconds for cost in costs]
    mebibytes = [cost.mebibytes for cost in costs]
    exponent = slope(sizes, seconds)
    growth = float(np.polyfit(sizes, mebibytes, 1)[0]) * 1024
    return {
        "images": list(sizes),
        "seconds": seconds,
        "peak_mib": mebibytes,
        "time_exponent": exponent,
        "last_exponent": slope(sizes[-2:], seconds[-2:]),
        "kib_per_image": growth,
        "time": "linear" if exponent <= LINEAR else "more than linear",
        "memory": "flat" if growth <= FLAT else "grows",
    }


def measure_scaling(
    sizes: Sequence[int] = SIZES, progress: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Measure every part at every size, each point in a fresh process.

    Parameters
    ----------
    sizes : sequence of int, default=(1000, 3000, 10000, 30000, 100000)
        Numbers of images, at least two.
    progress : callable, optional
        Called with one line a size.

    Returns
    -------
    dict of str to dict
        For "catalogue" (first load), "catalogue again" (nothing has changed), "store" and
        "split": ``images``, ``seconds`` and ``peak_mib`` (beyond what the process held
        before) of each point, ``time_exponent`` (slope of log seconds on log images),
        ``last_exponent`` (of the last two points), ``kib_per_image`` and in a word
        ``time`` and ``memory``.
    """
    costs: dict[str, list[Cost]] = {part: [] for part in PARTS}
    for n_images in sizes:
        with tempfile.TemporaryDirectory(prefix="dermbook-bench-") as name, empty_cache():
            folder, kept = Path(name) / "source", Path(name) / "catalogue.parquet"
            make_source(folder, n_images)
            points = (
                *in_child(measure_catalogue, folder, kept),
                in_child(measure_store, kept),
                in_child(measure_split, kept),
            )
        for part, cost in zip(PARTS, points, strict=True):
            costs[part].append(cost)
        if progress:
            told = ", ".join(
                f"{part} {cost.seconds:.2f} s" for part, cost in zip(PARTS, points, strict=True)
            )
            progress(f"scaling, {n_images:,} images: {told}")
    return {part: _summary(sizes, found) for part, found in costs.items()}
