"""What the model in the box says of the real test split, asked once for all who look at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.serving.model.opening import open_model
from support.made_once import made_once
from support.out_of_distribution import not_trained_on

AT_ONCE = 256


@dataclass(frozen=True)
class BoxOnTest:
    """The test images' rows, and of one view of each: probabilities, and what the gate looks at."""

    table: pd.DataFrame
    y_prob: np.ndarray
    variations: np.ndarray


@pytest.fixture(scope="session")
def box_on_test(_real_catalogue: pd.DataFrame, common: Path) -> BoxOnTest:
    """Real test images as the model in the box answers them, uncalibrated."""
    model = open_model()
    test, store = not_trained_on(model, _real_catalogue, "test")

    def ask(path: Path) -> None:
        images = store.take(list(test["image_id"]))
        starts = range(0, len(images), AT_ONCE)
        answers = [model.answer(images[start : start + AT_ONCE], "single") for start in starts]
        y_prob, variations = (np.concatenate(part) for part in zip(*answers, strict=True))
        np.savez(path, y_prob=y_prob, variations=variations)

    with np.load(made_once(common, "box_on_test.npz", ask)) as found:
        return BoxOnTest(test, found["y_prob"], found["variations"])
