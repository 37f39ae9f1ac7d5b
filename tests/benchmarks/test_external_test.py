"""What an external test costs, at a toy size: what is returned, never how fast."""

from __future__ import annotations

from pathlib import Path

from benchmarks.external_test import fold_ratio
from helpers.serving.model.opening import open_model


def test_both_networks_are_compared(small_served: Path) -> None:
    """They say the same, and both have a rate."""
    ratio = fold_ratio(open_model(small_served), rounds=1)
    assert 0 < ratio.low <= ratio.value <= ratio.high
    assert ratio.first > 0 and ratio.second > 0
