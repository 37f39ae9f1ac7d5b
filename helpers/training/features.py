"""Features: what an untouched backbone gives for each image of a store, computed once.

A head that learns on unchanged pictures sees the same features in every epoch, and so do all other
heads on the same backbone: folds, ablations, a choice of weights. They are kept in the cache, with
their SHA-256, and computed again where that does not fit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from helpers.core import atomic_file, cache_home, digest, read_json, sha256_file, write_json
from helpers.models import Forward
from helpers.training.trials import ENGINE_VERSION, Task


def open_features(task: Task, images: NDArray[np.uint8], body: Forward) -> NDArray[np.float32]:
    """Features of all images of a task, from the cache where they are there.

    Parameters
    ----------
    task : Task
        Names the store, and the backbone by its configuration.
    images : ndarray of shape (n_images, height, width, 3), uint8
        The store.
    body : Forward
        The backbone of `task`, before anything in it has learnt.

    Returns
    -------
    ndarray of shape (n_images, ...), float32
    """
    rows = np.arange(len(images))
    if task.config.weights == "none":  # random, and so another network for each seed
        return body.each(images, rows)
    path = cache_home() / "features" / f"{_key(task)}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if not _is_whole(path):
            features = body.each(images, rows)
            with atomic_file(path) as temporary:
                with open(temporary, "wb") as file:
                    np.save(file, features, allow_pickle=False)
                write_json(path.with_suffix(".json"), {"sha256": sha256_file(temporary)})
    return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


def _key(task: Task) -> str:
    config = task.config
    facts: dict[str, Any] = config.model_dump(
        mode="json",
        include={"backbone", "image_size", "weights", "start", "preprocessing", "precision"},
    )
    facts["flat"] = "flatten" in config.head
    facts |= {"store": task.images.stem, "backend": task.backend, "engine": ENGINE_VERSION}
    return digest(facts)


def _is_whole(path: Path) -> bool:
    try:
        return bool(sha256_file(path) == read_json(path.with_suffix(".json"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
