"""Served models: opened in each way, and computing what their card says."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.small_served import IMAGE_SIZE, small_card

from helpers.augmentation.clahe import Clahe, equalise
from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError
from helpers.core.files import read_json, sha256_file, write_json
from helpers.dataset.decoding import read_image
from helpers.dataset.sources import Source
from helpers.explanation.gradcam import expand_maps
from helpers.serving.cards.calibration import apply_temperature
from helpers.serving.cards.card import MODEL_FILE, read_card, write_card
from helpers.serving.cards.provenance import NOTICES, provenance_of_card
from helpers.serving.deployment.cards import card_of_run
from helpers.serving.model import served as module
from helpers.serving.model.served import ServedModel, open_model, write_served
from helpers.serving.uploads.pictures import fit_picture
from helpers.training.configuration import TrialConfig
from helpers.training.trials import ENGINE_VERSION, Trial


@pytest.fixture(scope="module")
def model(small_served: Path) -> ServedModel:
    """The small model, loaded once."""
    return open_model(small_served)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Five pictures of blobs."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (5, 9, 12, 3)).astype(np.uint8)
    return small.repeat(16, axis=1).repeat(16, axis=2)


def test_single_is_the_model_calibrated(model: ServedModel, images: np.ndarray) -> None:
    """One view, its temperature, rows that sum to 1."""
    raw = np.asarray(model.keras_model(images.astype(np.float32)))
    y_prob = model.predict(images, "single")
    assert y_prob.dtype == np.float64
    np.testing.assert_allclose(y_prob.sum(axis=1), 1)
    np.testing.assert_allclose(y_prob, apply_temperature(raw, 0.6), atol=1e-5)


def test_views_are_averaged_before_they_are_calibrated(
    model: ServedModel, images: np.ndarray
) -> None:
    """The mean of four turned pictures, then the temperature of that face."""
    turned = [images, images[:, :, ::-1], images[:, ::-1], images[:, ::-1, ::-1]]
    raw = np.mean([np.asarray(model.keras_model(x.astype(np.float32))) for x in turned], axis=0)
    np.testing.assert_allclose(model.predict(images), apply_temperature(raw, 0.5), atol=1e-5)
    assert not np.allclose(model.predict(images), model.predict(images, "single"))


def test_a_flipped_picture_gets_the_same_views(model: ServedModel, images: np.ndarray) -> None:
    """A lesion has no left: with all views, the mirror image is the same lesion."""
    np.testing.assert_allclose(
        model.predict(images), model.predict(images[:, :, ::-1]), rtol=1e-4, atol=1e-6
    )


def test_feature_maps_give_variations_and_probabilities(
    model: ServedModel, images: np.ndarray
) -> None:
    """Their means times the head's weights, through a softmax, is what the model says."""
    maps = model.feature_maps(images)
    assert maps.shape == (5, 5, 6, 1280)
    np.testing.assert_allclose(model.variations(images), maps.std(axis=(1, 2)), atol=1e-5)
    features = maps.mean(axis=(1, 2))
    kernel, bias = model.keras_model.get_layer("head_softmax").get_weights()
    logits = features @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.keras_model(images.astype(np.float32)), expected, atol=1e-4)


def test_an_answer_is_probabilities_and_variations(model: ServedModel, images: np.ndarray) -> None:
    """What both give apart, of several views and of one; no variations without a gate."""
    for face in ("views", "single"):
        y_prob, variations = model.answer(images, face)
        np.testing.assert_allclose(y_prob, model.uncalibrated(images, face), atol=1e-6)
        np.testing.assert_allclose(variations, model.variations(images), atol=1e-5)
        temperature = model.card.faces[face].temperature
        np.testing.assert_allclose(
            apply_temperature(y_prob, temperature), model.predict(images, face), atol=1e-5
        )
    ungated = ServedModel(model.folder, small_card())
    y_prob, variations = ungated.answer(images)
    assert variations is None
    np.testing.assert_allclose(y_prob, model.uncalibrated(images), atol=1e-6)


def test_a_judgement_is_what_is_predicted_and_accepted(
    model: ServedModel, images: np.ndarray
) -> None:
    """For the app, which asks both; a model without a gate accepts all."""
    y_prob, accepted = model.judge(images)
    np.testing.assert_allclose(y_prob, model.predict(images), atol=1e-6)
    assert model.gate is not None
    np.testing.assert_array_equal(accepted, model.gate.accepts(model.variations(images)))
    assert ServedModel(model.folder, small_card()).judge(images)[1].all()


def test_no_normalisation_is_left_and_the_answers_stay(
    model: ServedModel, images: np.ndarray
) -> None:
    """Those of each convolution are folded into it; probabilities differ by rounding alone."""
    left = {type(layer).__name__ for layer in model.feature_model.layers}
    assert "BatchNormalization" not in left and "DepthwiseConv2D" in left
    raw = np.asarray(model.keras_model(images.astype(np.float32), training=False))
    np.testing.assert_allclose(model.uncalibrated(images, "single"), raw, atol=1e-6)


def test_many_pictures_are_as_few(model: ServedModel, images: np.ndarray) -> None:
    """More than a batch holds, in their order."""
    many = images[np.arange(18) % 5]
    y_prob, variations = model.answer(many)
    few, seen = model.answer(images)
    np.testing.assert_allclose(y_prob, few[np.arange(18) % 5], atol=1e-6)
    np.testing.assert_allclose(variations, seen[np.arange(18) % 5], atol=1e-5)


def test_a_heat_map_is_one_weighted_sum(model: ServedModel, images: np.ndarray) -> None:
    """Grad-CAM of this head is the feature maps weighted by the head, cut at 0, scaled to 1."""
    kernel, _ = model.keras_model.get_layer("head_softmax").get_weights()
    maps = model.feature_maps(images[:1])
    for index in (0, 4):
        expected = expand_maps((maps @ kernel[:, index]).astype(np.float32), IMAGE_SIZE)[0]
        heat = model.heat_map(images[0], index)
        assert heat.shape == IMAGE_SIZE
        assert heat.dtype == np.float32
        assert expected.max() == 1
        np.testing.assert_allclose(heat, expected, atol=1e-3)


def test_malignant_is_the_sum_of_three(model: ServedModel, images: np.ndarray) -> None:
    """Melanoma, basal cell carcinoma and actinic keratosis."""
    y_prob = model.predict(images)
    columns = [CLASSES.index(name) for name in ("mel", "bcc", "akiec")]
    np.testing.assert_allclose(model.malignant(y_prob), y_prob[:, columns].sum(axis=1))
    card = small_card(target="malignant", classes=("benign", "malignant"))
    screening = ServedModel(model.folder, card)
    np.testing.assert_allclose(screening.malignant(np.array([[0.3, 0.7]])), [0.7])


def test_equalisation_is_applied_once_before_the_views(
    model: ServedModel, images: np.ndarray
) -> None:
    """A model of equalised pictures is given raw ones."""
    clahe = Clahe()
    equalising = ServedModel(model.folder, small_card(clahe=clahe))
    equalised = np.stack([equalise(image, clahe) for image in images])
    assert (equalised != images).any()
    np.testing.assert_allclose(equalising.predict(images), model.predict(equalised), atol=1e-6)
    np.testing.assert_allclose(
        equalising.variations(images), model.variations(equalised), atol=1e-5
    )


def test_the_gate_knows_the_drawn_sample(
    model: ServedModel, images: np.ndarray, tiny_catalogue: pd.DataFrame
) -> None:
    """It comes with the folder, accepts drawn lesions, and refuses coloured tiles."""
    assert model.card.gate == "gate.npz"
    assert model.gate is not None
    paths = tiny_catalogue["path"].iloc[::4]
    drawn = np.stack([fit_picture(read_image(path), IMAGE_SIZE) for path in paths])
    assert model.gate.accepts(model.variations(drawn)).mean() > 0.9
    assert not model.gate.accepts(model.variations(images)).any()


def test_no_pictures_give_no_rows(model: ServedModel) -> None:
    """An empty batch is no error."""
    none = np.empty((0, *IMAGE_SIZE, 3), dtype=np.uint8)
    assert model.predict(none).shape == (0, 7)
    assert model.variations(none).shape == (0, 1280)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((1, 192, 144, 3), dtype=np.uint8),
        np.zeros((*IMAGE_SIZE, 3), dtype=np.uint8),
        np.zeros((1, *IMAGE_SIZE, 4), dtype=np.uint8),
        np.zeros((1, *IMAGE_SIZE, 3), dtype=np.float32),
    ],
)
def test_other_arrays_are_refused(model: ServedModel, wrong: np.ndarray) -> None:
    """Wrong sides, a single picture, four channels, scaled pixels."""
    with pytest.raises(ConfigError, match="fit_picture"):
        model.predict(wrong)


def test_an_unknown_class_has_no_heat_map(model: ServedModel, images: np.ndarray) -> None:
    """An index behind the last class is told."""
    with pytest.raises(ConfigError, match="0 to 6"):
        model.heat_map(images[0], 7)


def test_visitors_at_once_get_their_own_answers(model: ServedModel, images: np.ndarray) -> None:
    """Threads that ask for predictions and maps at once get what they get one by one."""
    alone = [model.predict(images[i : i + 1], "single") for i in range(5)]
    maps = [model.heat_map(images[i], i) for i in range(5)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: model.predict(images[i : i + 1], "single"), range(5)))
        maps_together = list(pool.map(lambda i: model.heat_map(images[i], i), range(5)))
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(maps_together, maps, atol=1e-5)


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
    small_served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: np.ndarray
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
    assert opened.predict(images).shape == (5, 7)
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
