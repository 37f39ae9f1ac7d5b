"""What chapter 12 shows of the second clinic."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from helpers.lessons import second_clinic
from helpers.lessons.second_clinic import clinic_folder, looks_of_both


def test_a_clinic_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another number or seed is another clinic."""
    drawn: list[Path] = []

    def draw(place: Path, *_: int) -> Path:
        place.mkdir()
        drawn.append(place)
        return place

    monkeypatch.setattr(second_clinic, "draw_second_clinic", draw)
    for n_images, seed in ((42, 0), (42, 0), (42, 1), (84, 0)):
        clinic_folder(tmp_path / "clinic", n_images, seed)
    assert [path.name for path in drawn] == ["clinic-42-0", "clinic-42-1", "clinic-84-0"]


def test_two_looks_at_the_same_lesions(tiny_catalogue: pd.DataFrame) -> None:
    """As many, of one size; the second is darker."""
    first, second = looks_of_both(tiny_catalogue, 0, n_images=3)
    assert len(first) == len(second) == 3
    for before, after in zip(first, second, strict=True):
        assert before.shape == after.shape == (150, 200, 3)
        assert after.mean() < before.mean()
