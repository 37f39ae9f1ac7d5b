"""The course report's log: as it was printed, and what its length says."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.published.training_log import course_report_log, patience_that_fits


def test_log_is_as_printed() -> None:
    """Seven epochs; first and last line, and the lowest validation loss."""
    log = course_report_log()
    assert list(log["epoch"]) == list(range(1, 8))
    assert log.iloc[0].to_list() == [1, 0.7528, 0.7379, 0.9167, 0.7544, 2434]
    assert log.iloc[-1].to_list() == [7, 0.2194, 0.9190, 0.5744, 0.8308, 165]
    assert log["val_loss"].idxmin() == 3 and log.loc[3, "val_loss"] == 0.5411
    assert log["accuracy"].sum() == pytest.approx(5.9889, abs=1e-9)
    log["loss"] = 0.0  # a copy for each
    assert course_report_log()["loss"].min() > 0


def test_patience_follows_from_where_a_log_ends() -> None:
    """Three on validation loss; validation accuracy, best in the last epoch, stops nothing."""
    log = course_report_log()
    assert patience_that_fits(log["val_loss"], falling=True) == 3
    assert patience_that_fits(log["val_accuracy"], falling=False) is None
    assert patience_that_fits(pd.Series([0.5, 0.9, 0.8]), falling=False) == 1
