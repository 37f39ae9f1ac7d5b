"""What thresholds mean on validation images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.core.errors import ConfigError
from helpers.serving.model.operating_points import (
    OPERATING_FILE,
    operating_points,
    operation_at,
    operations_of,
    read_operating,
    write_operating,
)

MALIGNANT = [True, True, True, False, False, False, False]
SCORE = [0.9, 0.5, 0.1, 0.6, 0.3, 0.3, 0.0]


def test_counts_at_a_threshold() -> None:
    """A score that equals the threshold is at or above it."""
    at = operation_at(operating_points(MALIGNANT, SCORE), 0.5)
    assert at.sensitivity.value == pytest.approx(2 / 3)
    assert at.sensitivity.n == 3
    assert at.specificity.value == pytest.approx(3 / 4)
    assert at.specificity.low < 3 / 4 < at.specificity.high


def test_a_higher_threshold_finds_less_and_clears_more() -> None:
    """Sensitivity falls and specificity grows, from all found to nothing found."""
    rng = np.random.default_rng(0)
    points = operating_points(rng.random(300) < 0.3, rng.random(300))
    assert (points["found"].diff().dropna() <= 0).all()
    assert (points["cleared"].diff().dropna() >= 0).all()
    assert operation_at(points, 0.0).sensitivity.value == 1.0
    assert operation_at(points, 0.0).specificity.value == 0.0


def test_images_of_one_lesion_widen_the_interval() -> None:
    """Twenty images of two lesions tell less than twenty of twenty."""
    malignant = [True] * 20 + [False] * 20
    score = [0.9] * 15 + [0.1] * 15 + [0.2] * 10
    single = operation_at(operating_points(malignant, score), 0.5).sensitivity
    lesions = [f"{kind}-{i % 2}" for kind in "ab" for i in range(20)]
    grouped = operation_at(operating_points(malignant, score, lesions), 0.5).sensitivity
    assert grouped.high - grouped.low > 1.5 * (single.high - single.low)


@pytest.mark.parametrize(
    ("malignant", "score"),
    [([True, False], [0.5]), ([True, False], [0.5, 1.5]), ([True, True], [0.5, 0.5])],
)
def test_refuses_what_cannot_be_counted(malignant: list[bool], score: list[float]) -> None:
    """Lengths that differ, scores that are no probabilities, and one kind alone are errors."""
    with pytest.raises(ConfigError, match="expected"):
        operating_points(malignant, score)


def test_reads_what_it_wrote(tmp_path: Path) -> None:
    """Points come back the same; a folder without them has none."""
    points = operating_points(MALIGNANT, SCORE)
    assert read_operating(tmp_path) == {}
    write_operating(tmp_path, {"views": points})
    pd.testing.assert_frame_equal(read_operating(tmp_path)["views"], points, check_dtype=False)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 2}', '{"format": 1, "faces": {"a": 1}}']
)
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    """What cannot be read is an error with the way out."""
    (tmp_path / OPERATING_FILE).write_text(content)
    with pytest.raises(ConfigError, match="make the model's folder again"):
        read_operating(tmp_path)


class _Served:
    """A model whose calibrated probabilities are its predictions."""

    def __init__(self, folder: Path, views: tuple[str, ...]) -> None:
        face = type("Face", (), {"views": views, "temperature": 1.0})
        self.folder = folder
        self.card = type("Card", (), {"faces": {"views": face}, "classes": ("mel", "nv")})

    def malignant(self, probabilities: np.ndarray, face: str = "views") -> np.ndarray:
        return probabilities[:, 0]


def test_a_trial_is_counted_from_its_validation_predictions(tmp_path: Path) -> None:
    """Only validation rows count, and only for the face that the predictions are of."""
    table = pd.DataFrame(
        {
            "split": ["valid", "valid", "test"],
            "lesion_id": ["a", "b", "c"],
            "dx": ["mel", "nv", "mel"],
            "p_mel": [0.8, 0.3, 0.1],
            "p_nv": [0.2, 0.7, 0.9],
        }
    )
    table.to_parquet(tmp_path / "predictions.parquet")
    points = operations_of(_Served(tmp_path, ("identity",)), "views")  # type: ignore[arg-type]
    assert points is not None
    assert json.loads(points[["n_malignant", "n_benign"]].iloc[0].to_json()) == {
        "n_malignant": 1,
        "n_benign": 1,
    }
    several = _Served(tmp_path, ("identity", "half turn"))
    assert operations_of(several, "views") is None  # type: ignore[arg-type]
