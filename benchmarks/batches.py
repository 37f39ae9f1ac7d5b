"""The project's own training batches, as a training gets them."""

from __future__ import annotations

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
