"""The project's own training batches, as a training gets them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from helpers.batches import make_batches
from helpers.classes import CLASS_INDEX
from helpers.images import ImageStore
from helpers.trials import TrialConfig


def own_batches(config: TrialConfig, store: ImageStore, catalogue: pd.DataFrame) -> Any:
    """Batches of the first stage over all images of a store, a ``keras.utils.PyDataset``."""
    y = catalogue["dx"].map(CLASS_INDEX).to_numpy()
    rows = store.rows(catalogue["image_id"])
    return make_batches(config, 0, store.images, rows, y)
