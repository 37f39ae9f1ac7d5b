"""The project's own training batches, as a training gets them."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from helpers.core import CLASS_INDEX
from helpers.dataset import ImageStore
from helpers.training import TrialConfig, make_batches


def own_batches(config: TrialConfig, store: ImageStore, catalogue: pd.DataFrame) -> Any:
    """Batches of the first stage over all images of a store, a ``keras.utils.PyDataset``."""
    y = catalogue["dx"].map(CLASS_INDEX).to_numpy()
    rows = store.rows(catalogue["image_id"])
    return make_batches(config, 0, store.images, rows, y)


def take_batches(sides: Iterable[Any], n_batches: int | None, threads: int) -> int:
    """Make batches of each data set with a pool of threads; return the number of images."""
    images = 0
    for batches in sides:
        chosen = range(min(n_batches or len(batches), len(batches)))
        with ThreadPoolExecutor(threads) as pool:
            images += sum(len(batch[0]) for batch in pool.map(batches.__getitem__, chosen))
        batches.on_epoch_end()
    return images
