"""The source ``sample``: drawn lesions in the layout of HAM10000, with masks of their criteria."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from helpers.errors import ConfigError
from helpers.files import atomic_folder, write_json
from helpers.nuisance import RATES
from helpers.sample_plan import COLUMNS, plan_sample
from helpers.views import draw_subject, draw_view

VERSION = 2
"""Raised whenever the same seed would draw other pictures."""

JPEG_QUALITY = 92
LESIONS_A_TASK = 4
MASKS = "HAM10000_segmentations_lesion_tschandl"
PARTS = ("HAM10000_images_part_1", "HAM10000_images_part_2")

Task = list[tuple[int, str, list[tuple[int, str, str]]]]
"""Lesions: number, diagnosis, and its images as (view, image_id, folder of the image)."""


def _write(path: Path, image: np.ndarray, options: list[int]) -> None:
    done, data = cv2.imencode(path.suffix, image, options)
    if not done:
        raise OSError(f"{path}: OpenCV could not encode the image")
    path.write_bytes(data.tobytes())


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread, because the worker processes share the cores."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _draw_task(folder: Path, seed: int, ruler: float, task: Task) -> list[dict[str, object]]:
    """Draw and write all images of some lesions; returns their rows of ``criteria.csv``."""
    rows: list[dict[str, object]] = []
    with _one_thread():
        for number, dx, images in task:
            subject = draw_subject(dx, seed, number)
            for view, image_id, part in images:
                drawn = draw_view(subject, dx, seed, number, view, ruler)
                picture = cv2.cvtColor(drawn.picture, cv2.COLOR_RGB2BGR)
                options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
                _write(folder / part / f"{image_id}.jpg", picture, options)
                for place, pixels in (
                    (f"{MASKS}/{image_id}_segmentation.png", drawn.mask),
                    (f"criteria/{image_id}_criteria.png", drawn.criterion),
                ):
                    options = [cv2.IMWRITE_PNG_COMPRESSION, 3]
                    _write(folder / place, pixels.astype(np.uint8) * 255, options)
                rows.append(
                    {
                        "image_id": image_id,
                        "criteria": ";".join(subject.lesion.criteria),
                        "skin_type": subject.skin.skin_type,
                        **drawn.nuisance.flags(),
                    }
                )
    return rows


def _tasks(plan: pd.DataFrame) -> list[Task]:
    half = plan["image_id"].iloc[(len(plan) + 1) // 2]
    lesions: Task = []
    for number, group in plan.groupby("lesion_number"):
        images = [
            (int(view), str(image_id), PARTS[int(image_id >= half)])
            for view, image_id in zip(group["view"], group["image_id"], strict=True)
        ]
        lesions.append((int(str(number)), str(group["dx"].iloc[0]), images))
    return [lesions[i : i + LESIONS_A_TASK] for i in range(0, len(lesions), LESIONS_A_TASK)]


def _draw_all(
    folder: Path,
    seed: int,
    ruler: float,
    tasks: list[Task],
    workers: int,
    report: Callable[[int], None],
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    if workers == 1:
        for task in tasks:
            rows += _draw_task(folder, seed, ruler, task)
            report(len(rows))
        return rows
    # Fresh processes: a fork of one that runs threads (TensorFlow, a kernel) can hang. A script
    # needs `if __name__ == "__main__":` around its own work, as with every spawned process.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [pool.submit(_draw_task, folder, seed, ruler, task) for task in tasks]
        try:
            for future in as_completed(futures):
                rows += future.result()
                report(len(rows))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return rows


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def draw_sample(
    folder: str | Path,
    n_images: int = 600,
    seed: int = 0,
    ruler_follows_melanoma: float = 0.0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw a sample in the layout of HAM10000.

    Parameters
    ----------
    folder : str or Path
        Is written under a temporary name and renamed when it is complete.
    n_images : int, default=600
        At least 42.
    seed : int, default=0
        The same seed draws the same bytes, with however many workers.
    ruler_follows_melanoma : float, default=0.0
        Probability, in [0, 1], that a melanoma carries a ruler because it is a melanoma; all
        other images carry one at the base rate. 0 keeps the ruler class-neutral. Nothing but
        the rulers differs between samples of one seed.
    workers : int, optional
        Processes; the cores that this process may use by default. 1 draws in this process.
    progress : callable, optional
        Called with (images done, images in all) from this process.

    Returns
    -------
    Path
        ``folder``: images in two parts, ``HAM10000_metadata.csv``, lesion masks,
        ``criteria/`` (masks of the class's own criteria, and ``criteria.csv``) and
        ``drawn_sample.json``.

    Raises
    ------
    ConfigError
        If an argument is out of its range.

    References
    ----------
    .. [1] Tschandl, Rosendahl and Kittler, "The HAM10000 dataset", Scientific Data 5 (2018)
       180161.
    """
    folder = Path(folder)
    if not 0.0 <= ruler_follows_melanoma <= 1.0:
        raise ConfigError(
            "ruler_follows_melanoma: expected a probability from 0 to 1 but got "
            f"{ruler_follows_melanoma!r}"
        )
    if seed < 0:
        raise ConfigError(f"seed: expected 0 or a positive whole number but got {seed!r}")
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: expected at least 1 but got {workers!r}")
    plan = plan_sample(n_images, seed)
    tasks = _tasks(plan)

    def report(done: int) -> None:
        if progress is not None:
            progress(done, n_images)

    with atomic_folder(folder) as made:
        for name in (*PARTS, MASKS, "criteria"):
            (made / name).mkdir(parents=True)
        chosen = min(workers or available_cores(), len(tasks))
        rows = _draw_all(made, seed, float(ruler_follows_melanoma), tasks, chosen, report)
        plan[list(COLUMNS)].to_csv(made / "HAM10000_metadata.csv", index=False, lineterminator="\n")
        criteria = pd.DataFrame(rows, columns=["image_id", "criteria", "skin_type", *RATES])
        criteria.sort_values("image_id").to_csv(
            made / "criteria" / "criteria.csv", index=False, lineterminator="\n"
        )
        write_json(
            made / "drawn_sample.json",
            {
                "n_images": int(n_images),
                "seed": int(seed),
                "options": {"ruler_follows_melanoma": float(ruler_follows_melanoma)},
                "version": VERSION,
            },
        )
    return folder
