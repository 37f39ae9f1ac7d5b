"""Served models compute what their card says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.small_served import IMAGE_SIZE, small_card

from helpers.augmentation.clahe import Clahe, equalise
from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError
from helpers.dataset.decoding import read_image
from helpers.explanation.gradcam import expand_maps
from helpers.serving.cards.calibration import apply_temperature
from helpers.serving.model.opening import open_model
from helpers.serving.model.served import ServedModel
from helpers.serving.uploads.pictures import fit_picture


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
    np.testing.assert_allclose(maps_together, maps, atol=1e-4)  # threads add in any order
