"""The second clinic: other patients, another camera, another share of nevi."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from helpers.core.classes import CLASSES
from helpers.dataset.layout import list_images
from helpers.dataset.truth_tables import read_truth
from helpers.sample import second_clinic
from helpers.sample.plan import has_drawn_ids, plan_sample
from helpers.sample.second_clinic import draw_second_clinic, second_camera


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one."""
    return draw_second_clinic(tmp_path_factory.mktemp("clinics") / "second", 42, seed=0)


def test_pictures_and_truth_belong_together(clinic: Path) -> None:
    """Every class, every picture in the table, names of its own."""
    truth = read_truth(clinic / "truth.csv")
    images = list_images(clinic / "images").images
    assert set(truth.rows["image_id"]) == set(images)
    assert truth.lesions_known and set(truth.rows["dx"]) == set(CLASSES)
    assert not has_drawn_ids(truth.rows)
    assert [path.name for path in clinic.parent.iterdir()] == ["second"]


def test_most_nevi_are_sent_home(clinic: Path) -> None:
    """And nothing else is."""
    rows, planned = pd.read_csv(clinic / "truth.csv"), plan_sample(42, 7919)
    seen, drawn = rows["dx"].value_counts(), planned["dx"].value_counts()
    assert seen["nv"] < 0.7 * drawn["nv"]
    assert (seen.drop("nv") == drawn.drop("nv").reindex(seen.drop("nv").index)).all()


def test_the_same_seed_draws_the_same_bytes(clinic: Path, tmp_path: Path) -> None:
    """As the sample does."""
    again = draw_second_clinic(tmp_path / "again", 42, seed=0)
    for path in clinic.rglob("*.*"):
        assert (again / path.relative_to(clinic)).read_bytes() == path.read_bytes()


def test_the_camera_is_colder_darker_and_softer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a ruler, which is drawn for its share of pictures."""
    rng = np.random.default_rng(0)
    picture = rng.integers(90, 170, (450, 600, 3)).astype(np.uint8)
    monkeypatch.setattr(second_clinic, "RULERS", 0.0)
    plain = second_camera(picture, np.random.default_rng(1))
    assert plain.shape == picture.shape and plain.dtype == np.uint8
    red, _, blue = plain.mean(axis=(0, 1)) / picture.mean(axis=(0, 1))
    assert red < blue and plain.mean() < picture.mean()
    assert cv2.Laplacian(plain, cv2.CV_32F).std() < cv2.Laplacian(picture, cv2.CV_32F).std() / 2
    monkeypatch.setattr(second_clinic, "RULERS", 1.0)
    assert (second_camera(picture, np.random.default_rng(1)) != plain).mean() > 0.001
