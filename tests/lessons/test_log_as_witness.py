"""A published log beside trainings: distances and the last training accuracy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from helpers.lessons.log_as_witness import beside_log, training_accuracies

LOG = pd.DataFrame({"accuracy": [0.7, 0.8, 0.9], "val_accuracy": [0.7, 0.7, 0.8]})


def history(*accuracy: float) -> pd.DataFrame:
    """Training and validation accuracy alike."""
    return pd.DataFrame({"accuracy": accuracy, "val_accuracy": accuracy})


def test_distance_is_over_common_epochs() -> None:
    """The root mean square of the differences, of training and of validation."""
    table = beside_log({"same": history(0.7, 0.8, 0.9), "short": history(0.6, 0.6)}, LOG)
    assert table.loc["same", "accuracy"] == pytest.approx(0)
    assert table.loc["same", "val_accuracy"] == pytest.approx((0.02 / 3) ** 0.5)
    assert table.loc["short", "accuracy"] == pytest.approx(((0.01 + 0.04) / 2) ** 0.5)
    assert table["epochs"].to_list() == [3, 2]
    assert table.loc["short", ["first", "last"]].to_list() == [0.6, 0.6]


def test_a_training_without_epochs_is_told() -> None:
    """None at all, or one that has none."""
    with pytest.raises(ValueError, match="train them first"):
        beside_log({}, LOG)
    with pytest.raises(ValueError, match="train them first"):
        beside_log({"empty": history()}, LOG)


def test_accuracy_of_an_epoch_has_its_images() -> None:
    """Wilson's interval of so many right among the training images."""
    trial: Any = SimpleNamespace(name="a", record={"n_train": 200}, history=history(0.5, 0.75))
    estimate = training_accuracies([trial], 2)["a"]
    assert (estimate.value, estimate.n) == (0.75, 200)
    assert 0.68 < estimate.low < 0.75 < estimate.high < 0.81
