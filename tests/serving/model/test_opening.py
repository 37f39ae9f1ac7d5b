"""Served models opened in each way: the box, a folder, a trial; and what is no model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.small_served import IMAGE_SIZE, small_card

from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError
from helpers.core.files import read_json, sha256_file, write_json
from helpers.dataset.sources import Source
from helpers.serving.cards.card import MODEL_FILE, read_card, write_card
from helpers.serving.cards.provenance import NOTICES, provenance_of_card
from helpers.serving.deployment.cards import card_of_run
from helpers.serving.model import opening as module
from helpers.serving.model.opening import open_model, write_served
from helpers.training.configuration import TrialConfig
from helpers.training.trials import ENGINE_VERSION, Trial


def test_the_box_is_opened_without_a_name(
    small_served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None and an empty text mean the repository's model; without one the way out is told."""
    monkeypatch.setattr(module, "BUNDLED", small_served)
    assert open_model().folder == small_served
    assert open_model("").card == read_card(small_served)
    monkeypatch.setattr(module, "BUNDLED", tmp_path / "model")
    with pytest.raises(ConfigError, match="dermbook box"):
        open_model()


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """A folder without card, and a name that no trial has."""
    with pytest.raises(ConfigError, match=r"model\.json"):
        open_model(tmp_path)
    with pytest.raises(ConfigError, match="expected a key or name"):
        open_model("no-such-trial")


def test_a_card_of_another_model_is_told(small_served: Path, tmp_path: Path) -> None:
    """Sides that the network does not have are found when it is loaded."""
    folder = tmp_path / "model"
    shutil.copytree(small_served, folder)
    write_card(folder, small_card(image_size=(150, 200)))
    with pytest.raises(ConfigError, match="card"):
        open_model(folder).keras_model


def test_a_damaged_model_is_told(small_served: Path, tmp_path: Path) -> None:
    """A file cut short is no traceback of zipfile."""
    folder = tmp_path / "model"
    shutil.copytree(small_served, folder)
    path = folder / MODEL_FILE
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(ConfigError, match=r"model\.keras"):
        open_model(folder).keras_model


def test_a_failed_write_leaves_what_was_there(small_served: Path, tmp_path: Path) -> None:
    """All or nothing."""
    folder = tmp_path / "model"
    shutil.copytree(small_served, folder)
    before = sha256_file(folder / MODEL_FILE)
    with pytest.raises(FileNotFoundError):
        write_served(folder, tmp_path / "missing.keras", small_card())
    assert sha256_file(folder / MODEL_FILE) == before
    assert read_card(folder) == read_card(small_served)  # its gate too


def _predictions(
    target: str, n: int = 140, image: str = "ISIC_1", lesion: str = "HAM_1"
) -> pd.DataFrame:
    """Overconfident predictions that are right most of the time."""
    rng = np.random.default_rng(0)
    dx = np.array([CLASSES[i % 7] for i in range(2 * n)])
    malignant = np.isin(dx, ["mel", "bcc", "akiec"])
    truth = malignant.astype(int) if target == "malignant" else np.arange(2 * n) % 7
    names = ("benign", "malignant") if target == "malignant" else CLASSES
    logits = rng.normal(size=(2 * n, len(names)))
    logits[np.arange(2 * n), truth] += 2
    y_prob = np.exp(4 * logits)
    y_prob /= y_prob.sum(axis=1, keepdims=True)
    table = pd.DataFrame(
        {
            "image_id": [f"{image}{i:06d}" for i in range(2 * n)],
            "lesion_id": [f"{lesion}{i:06d}" for i in range(2 * n)],
            "split": ["valid"] * n + ["test"] * n,
            "dx": dx,
            "y_true": truth,
        }
    )
    return table.assign(**{f"p_{name}": y_prob[:, i] for i, name in enumerate(names)})


def _write_trial(
    folder: Path, key: str, model: Path, target: str = "diagnosis", **names: str
) -> Path:
    config = TrialConfig(
        name=f"trial of {target}",
        backbone="EfficientNetLite0",
        image_size=IMAGE_SIZE,
        target=target,  # type: ignore[arg-type]
        stages=({"epochs": 1},),  # type: ignore[arg-type]
    )
    place = folder / key
    place.mkdir(parents=True)
    shutil.copyfile(model, place / "model.keras")
    (place / "history.csv").write_text("epoch\n1\n")
    _predictions(target, **names).to_parquet(place / "predictions.parquet")
    files = ("model.keras", "history.csv", "predictions.parquet")
    record = {
        "config": config.model_dump(mode="json"),
        "key": key,
        "engine": ENGINE_VERSION,
        "epochs": 1,
        "versions": {"keras": "3"},
        "sha256": {name: sha256_file(place / name) for name in files},
    }
    write_json(place / "trial.json", record)
    return place


def test_a_trial_is_served_by_key_name_or_folder(
    small_served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its card is calibrated on validation predictions, and it answers."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path))
    key = "efficientnetlite0-00000000000000aa"
    place = _write_trial(tmp_path / "trials", key, small_served / MODEL_FILE)
    for spec in (key, "trial of diagnosis", str(place)):
        opened = open_model(spec)
        assert opened.folder == place
        assert opened.card.trial == key
    face = opened.card.faces["single"]
    assert face.temperature > 1.3  # it was made twice as sure as it may be
    assert face == opened.card.faces["views"]
    assert {"balanced_accuracy", "malignant_auc", "sensitivity"} <= set(face.scores["test"])
    assert face.scores["valid"]["sensitivity"].value >= face.wanted_sensitivity
    assert opened.card.data["splits"]["valid"] == {"images": 140, "lesions": 140}
    assert opened.gate is None
    assert opened.predict(np.zeros((2, *IMAGE_SIZE, 3), np.uint8)).shape == (2, 7)
    assert "clinics" not in opened.card.notice  # its images have names that no data set is known by


def test_a_trial_on_drawn_pictures_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Served by its key alone, it claims no clinics and no photographs."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path))
    model = tmp_path / "any.keras"
    model.write_bytes(b"not opened")
    drawn = {"image": "ISIC_9", "lesion": "HAM_9"}
    _write_trial(tmp_path / "trials", "efficientnetlite0-0d", model, **drawn)
    card = open_model("efficientnetlite0-0d").card
    assert "never seen a photograph" in card.notice
    assert "clinics" not in card.notice
    assert "HAM10000" not in card.licence
    assert provenance_of_card(card) == "drawn"


def test_a_run_knows_better_than_names(tmp_path: Path) -> None:
    """Drawn pictures of any name are drawn where the run's source says so."""
    model = tmp_path / "any.keras"
    model.write_bytes(b"not opened")
    place = _write_trial(tmp_path, "efficientnetlite0-0e", model)
    trial = Trial(place, TrialConfig(**read_json(place / "trial.json")["config"]))
    for drawn in (True, False):
        card = card_of_run(trial, Source("mine", tmp_path, drawn, "mine"))
        assert (card.notice == NOTICES["drawn"]) == drawn
        assert (provenance_of_card(card) == "drawn") == drawn
        assert card.data["source"] == "mine"


def test_a_screening_trial_has_two_classes(
    small_served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Benign and malignant are calibrated and scored as such."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path))
    model = small_served / MODEL_FILE
    _write_trial(tmp_path / "trials", "efficientnetlite0-0b", model, "malignant")
    card = open_model("efficientnetlite0-0b").card
    assert card.classes == ("benign", "malignant")
    assert {"sensitivity", "malignant_auc"} <= set(card.faces["single"].scores["test"])


def test_a_damaged_trial_is_not_served(
    small_served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte too many in its model."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path))
    place = _write_trial(tmp_path / "trials", "efficientnetlite0-0c", small_served / MODEL_FILE)
    with open(place / "model.keras", "ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigError, match="damaged"):
        open_model("efficientnetlite0-0c")
