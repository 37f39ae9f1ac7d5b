"""The published steps, counted by hand."""

from __future__ import annotations

import pytest

from helpers.lessons.published_augmentation import published_steps


def test_steps_are_counted_in_images() -> None:
    """Twelve more images are right, then 212 fewer; the first step is within the chance of both."""
    steps = published_steps().set_index("step")
    assert list(steps["images"]) == [12, -212]  # 0.831 - 0.825 and 0.725 - 0.831, of 2,003
    first, second = steps["difference"]
    assert first.value == pytest.approx(0.006)
    assert first.low < 0 < first.high
    assert second.high < -0.05
    assert list(steps["verdict"]) == ["no difference shown", "lower"]
