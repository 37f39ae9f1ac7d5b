"""The source ``sample``: drawn lesions in the layout of HAM10000, with masks of their criteria."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import pandas as pd

from helpers.core import ConfigError, atomic_folder, write_json
from helpers.sample.artefacts import RATES
from helpers.sample.plan import COLUMNS, plan_sample
from helpers.sample.workers import MASKS, Rows, Task, draw_in_processes, draw_task

VERSION = 4
"""Raised whenever the same seed would draw other pictures."""

LESIONS_A_TASK = 4
PARTS = ("HAM10000_images_part_1", "HAM10000_images_part_2")


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
) -> Rows:
    if workers == 1:
        drawn: Generator[Rows, None, None] = (
            draw_task(folder, seed, ruler, task) for task in tasks
        )
    else:
        drawn = draw_in_processes(folder, seed, ruler, tasks, workers)
    rows: Rows = []
    with closing(drawn):
        for part in drawn:
            rows += part
            report(len(rows))
    return rows


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _may_replace(folder: Path) -> bool:
    return folder.is_dir() and (
        not any(folder.iterdir()) or (folder / "drawn_sample.json").is_file()
    )


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
        If an argument is out of its range, or ``folder`` holds something else than a sample.

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
    if folder.exists() and not _may_replace(folder):
        raise ConfigError(
            f"{folder}: expected a new name, an empty folder or an earlier drawn sample, because "
            "what stands there is replaced, but it holds other files; choose another folder"
        )
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
