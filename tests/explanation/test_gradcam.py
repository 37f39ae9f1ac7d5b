"""Class activation maps: their formula, their place in the picture, and their controls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.core.classes import CLASSES, N_CLASSES
from helpers.core.errors import ConfigError
from helpers.explanation import gradcam

SIZE = (32, 48)
LAYER = "features"


@pytest.fixture(scope="module")
def model() -> Any:
    """Brightness of each cell of 4 x 6: every class's score is the mean brightness times 1 to 7.

    Four channels, of which the others are random; the dense layer looks at the first alone.
    """
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.layers.Input((*SIZE, 3), name="pixels")
    x = keras.layers.Conv2D(4, 8, strides=8, activation="relu", name=LAYER)(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="head_pooling")(x)
    outputs = keras.layers.Dense(N_CLASSES, activation="softmax", name="head_softmax")(x)
    made = keras.Model(inputs, outputs, name="tiny")
    kernel, bias = made.get_layer(LAYER).get_weights()
    kernel[..., 0] = 1.0 / (8 * 8 * 3 * 255)
    made.get_layer(LAYER).set_weights([kernel, bias])
    weights = np.zeros((4, N_CLASSES))
    weights[0] = np.arange(1, N_CLASSES + 1)
    made.get_layer("head_softmax").set_weights([weights, np.zeros(N_CLASSES)])
    return made


@pytest.fixture
def bright_cell() -> np.ndarray:
    """Two black pictures with one bright cell: the second from above and left; the last."""
    images = np.zeros((2, *SIZE, 3), dtype=np.uint8)
    images[0, 8:16, 8:16] = 255
    images[1, 24:, 40:] = 255
    return images


@pytest.mark.parametrize("method", list(gradcam.METHODS))
def test_a_map_is_warmest_where_the_score_comes_from(
    model: Any, bright_cell: np.ndarray, method: gradcam.Method
) -> None:
    """Each method puts the maximum into the bright cell, scaled to 1, at the picture's size."""
    maps = gradcam.Explainer(model, LAYER, max_channels=4).maps(bright_cell, [6, 6], method)
    assert maps.shape == (2, *SIZE)
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    np.testing.assert_allclose(maps.max(axis=(1, 2)), 1)
    row, column = np.unravel_index(maps[0].argmax(), SIZE)
    assert 8 <= row < 16
    assert 8 <= column < 16
    row, column = np.unravel_index(maps[1].argmax(), SIZE)
    assert row >= 24
    assert column >= 40


def test_grad_cam_is_its_formula(model: Any) -> None:
    """With one dense layer behind a mean, the map is the weighted sum of the feature maps."""
    import keras

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, *SIZE, 3)).astype(np.uint8)
    classes = [0, 3, 6]
    weights = rng.normal(size=(4, N_CLASSES)).astype(np.float32)
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    other.get_layer("head_softmax").set_weights([weights, np.zeros(N_CLASSES)])
    features = keras.Model(other.inputs, other.get_layer(LAYER).output)
    grids = np.einsum("nhwk,kn->nhw", features(images.astype(np.float32)), weights[:, classes])
    expected = gradcam.expand_maps(grids.astype(np.float32), SIZE)
    maps = gradcam.Explainer(other, LAYER).maps(images, classes)
    assert expected.max() == 1  # else both could be empty
    np.testing.assert_allclose(maps, expected, atol=1e-4)


def test_batches_change_nothing(model: Any) -> None:
    """A map does not depend on which pictures it is computed with."""
    images = np.random.default_rng(1).integers(0, 256, (5, *SIZE, 3)).astype(np.uint8)
    for method in gradcam.METHODS:
        whole = gradcam.Explainer(model, LAYER, max_channels=2).maps(
            images, [1, 2, 3, 4, 5], method
        )
        alone = gradcam.Explainer(model, LAYER, max_channels=2).maps(
            images[3:4], [4], method, batch_size=1
        )
        np.testing.assert_allclose(whole[3], alone[0], atol=1e-5, err_msg=method)


def test_nothing_is_printed(
    model: Any, bright_cell: np.ndarray, capsys: pytest.CaptureFixture[str]
) -> None:
    """Score-CAM, which predicts for each channel, leaves no progress bars behind."""
    gradcam.Explainer(model, LAYER).maps(bright_cell, [6, 6], "scorecam")
    assert capsys.readouterr().out == ""


def test_bad_calls_say_what_was_expected(model: Any, bright_cell: np.ndarray) -> None:
    """An unknown method or layer, and a wrong number of classes, are named."""
    with pytest.raises(ConfigError, match=r"gradcam.*'saliency'"):
        gradcam.Explainer(model, LAYER).maps(bright_cell, [0, 0], "saliency")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"layer.*'conv9'"):
        gradcam.Explainer(model, "conv9").maps(bright_cell, [0, 0])
    with pytest.raises(ConfigError, match="each of 2 images, got 1"):
        gradcam.Explainer(model, LAYER).maps(bright_cell, [0])


def test_more_channels_than_there_are_means_all(model: Any, bright_cell: np.ndarray) -> None:
    """A cap beyond the layer's channels gives Score-CAM without a cap."""
    many, all_four = (
        gradcam.Explainer(model, LAYER, max_channels=n).maps(bright_cell, [6, 6], "scorecam")
        for n in (500, 4)
    )
    np.testing.assert_array_equal(many, all_four)


def test_expansion_keeps_each_cell_in_its_place() -> None:
    """The centre of heat of one warm cell is that cell's centre, and a cold map stays cold."""
    grid = np.zeros((2, 4, 6), dtype=np.float32)
    grid[0, 1, 2] = 5
    grid[1] = -1
    maps = gradcam.expand_maps(grid, SIZE)
    rows, columns = np.indices(SIZE)
    assert (maps[0] * rows).sum() / maps[0].sum() == pytest.approx(11.5, abs=0.01)
    assert (maps[0] * columns).sum() / maps[0].sum() == pytest.approx(19.5, abs=0.01)
    assert maps[1].max() == 0


def test_the_model_without_softmax_has_the_same_probabilities(
    model: Any, bright_cell: np.ndarray
) -> None:
    """A softmax of its scores is the model's output, and the model keeps its softmax."""
    pixels = bright_cell.astype(np.float32)
    scores = np.asarray(gradcam.without_softmax(model)(pixels))
    assert not np.allclose(scores.sum(axis=1), 1)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.asarray(model(pixels)), shares, atol=1e-6)


def test_the_control_is_random_and_repeatable(model: Any) -> None:
    """Every kernel is drawn again, alike for one seed; the trained model keeps its own."""
    before = [weight.copy() for weight in model.get_weights()]
    images = np.zeros((1, *SIZE, 3), dtype=np.uint8)
    first, again, other = (
        gradcam.random_weights_control(model, images, seed) for seed in (0, 0, 1)
    )
    kernels = [weight for weight in range(len(before)) if before[weight].ndim > 1]
    for index in kernels:
        assert not np.allclose(first.get_weights()[index], before[index])
        np.testing.assert_array_equal(first.get_weights()[index], again.get_weights()[index])
        assert not np.allclose(first.get_weights()[index], other.get_weights()[index])
    for mine, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, kept)


@pytest.fixture(scope="module")
def normalised() -> Any:
    """Two convolutions behind a `Normalization`, as in an EfficientNet, after some training.

    Its batch normalisations are frozen, as after a fine-tuning, and hold statistics that fit its
    own kernels alone; between them dropout would disturb whoever counts anew.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = layers.Input((*SIZE, 3), name="pixels")
    x = layers.Normalization(axis=-1, name="normalization")(inputs)
    x = layers.Conv2D(4, 4, strides=4, name="conv_1")(x)
    x = layers.BatchNormalization(name="bn_1")(x)
    x = layers.Dropout(0.5, name="drop")(layers.ReLU()(x))
    x = layers.Conv2D(4, 2, strides=2, name="conv_2")(x)
    x = layers.BatchNormalization(name="bn_2")(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU(name=LAYER)(x))
    made = keras.Model(inputs, layers.Dense(N_CLASSES, activation="softmax")(x), name="normalised")
    scale = made.get_layer("normalization")
    scale.set_weights([np.array([100.0, 120, 140]), np.array([900.0, 1600, 2500]), np.array(0)])
    scale.finalize_state()
    for name in ("bn_1", "bn_2"):
        layer = made.get_layer(name)
        layer.set_weights([np.full(4, value) for value in (2.0, 0.5, -40.0, 0.01)])
        layer.trainable = False
    return made


def test_the_control_keeps_the_scale_of_the_pixels(normalised: Any) -> None:
    """Its first convolution is given what the trained one is given; kernels are drawn anew."""
    import keras

    images = np.random.default_rng(3).integers(0, 256, (6, *SIZE, 3)).astype(np.uint8)
    control = gradcam.random_weights_control(normalised, images, seed=1)
    given = [
        keras.Model(network.inputs, network.get_layer("normalization").output).predict_on_batch(
            images
        )
        for network in (normalised, control)
    ]
    expected = (images - np.array([100.0, 120, 140])) / np.array([30.0, 40, 50])
    np.testing.assert_allclose(given[0], expected, atol=1e-4)
    np.testing.assert_allclose(given[1], expected, atol=1e-4)
    for name in ("conv_1", "conv_2"):
        kernels = [network.get_layer(name).get_weights()[0] for network in (normalised, control)]
        assert not np.allclose(*kernels)


def test_the_controls_normalisations_fit_its_own_features(normalised: Any) -> None:
    """Behind each batch normalisation every channel has mean 0 and variance 1, without dropout."""
    import keras

    images = np.random.default_rng(4).integers(0, 256, (6, *SIZE, 3)).astype(np.uint8)
    control = gradcam.random_weights_control(normalised, images, seed=1)
    for name in ("bn_1", "bn_2"):
        layer = control.get_layer(name)
        features = keras.Model(control.inputs, layer.output).predict_on_batch(images)
        np.testing.assert_allclose(features.mean(axis=(0, 1, 2)), 0, atol=1e-3)
        np.testing.assert_allclose(features.var(axis=(0, 1, 2)), 1, rtol=0.02)
        gamma, beta, _, _ = layer.get_weights()
        assert (gamma == 1).all() and (beta == 0).all(), "learnt, so drawn again"
        assert layer.momentum == normalised.get_layer(name).momentum
    assert control.get_layer("drop").rate == 0.5
    kept = normalised.get_layer("bn_1").get_weights()
    np.testing.assert_allclose([weights[0] for weights in kept], [2.0, 0.5, -40.0, 0.01])


def _predictions() -> pd.DataFrame:
    """Six images of mel and nv: two of mel are wrong, none of nv is."""
    answers = [("mel", "mel", 0.6), ("mel", "nv", 0.5), ("mel", "bkl", 0.9)]
    answers += [("nv", "nv", 0.8), ("nv", "nv", 0.95), ("nv", "nv", 0.95)]
    rows = []
    for index, (dx, predicted, probability) in enumerate(answers):
        rest = (1 - probability) / (N_CLASSES - 1)
        row = {f"p_{name}": probability if name == predicted else rest for name in CLASSES}
        row |= {"image_id": f"ISIC_{index}", "lesion_id": f"HAM_{index}", "dx": dx}
        rows.append(row | {"y_true": CLASSES.index(dx)})
    return pd.DataFrame(rows)


def test_examples_are_the_surest_right_and_wrong_ones() -> None:
    """Of each class the surest; of equals the first; a missing verdict has no row."""
    examples = gradcam.pick_examples(_predictions())
    assert list(zip(examples["dx"], examples["verdict"], strict=True)) == [
        ("mel", "right"),
        ("mel", "wrong"),
        ("nv", "right"),
    ]
    assert list(examples["image_id"]) == ["ISIC_0", "ISIC_2", "ISIC_4"]
    assert list(examples["predicted"]) == ["mel", "bkl", "nv"]


def test_a_draw_per_class_has_at_most_n_of_each() -> None:
    """Two of each class, in order, alike for one seed."""
    drawn = gradcam.sample_per_class(_predictions(), 2, seed=3)
    assert drawn["dx"].value_counts().to_dict() == {"mel": 2, "nv": 2}
    assert drawn["image_id"].is_monotonic_increasing
    pd.testing.assert_frame_equal(drawn, gradcam.sample_per_class(_predictions(), 2, seed=3))


def test_measures_tell_a_model_that_looks_at_lesions(
    model: Any, tiny_catalogue: pd.DataFrame, tiny_source: Any
) -> None:
    """On pictures bright inside the mask alone, the share is above area and controls."""
    from helpers.explanation.masks import lesion_masks

    rows = tiny_catalogue.head(8).copy()
    masks = lesion_masks(rows, SIZE)
    images = np.repeat((masks * 255).astype(np.uint8)[..., np.newaxis], 3, axis=3)
    rows.loc[rows.index[0], "mask_path"] = ""
    random = [gradcam.random_weights_control(model, images, seed) for seed in range(2)]
    table = gradcam.measure_maps(
        gradcam.Explainer(model, LAYER),
        rows,
        images,
        controls=[gradcam.Explainer(network, LAYER) for network in random],
        criteria=tiny_source.folder,
    )
    assert list(table["image_id"]) == list(rows["image_id"].iloc[1:])
    assert (table["trained"] > table["area"]).all()
    assert table["trained"].mean() > table["control"].mean()
    # All that this model sees is the mask at its grid.
    np.testing.assert_allclose(table["trained"], table["grid"], atol=0.02)
    assert table["criterion_trained"].between(0, 1).all()
    assert (table["criterion_area"] > 0).all()


def test_the_grid_is_the_layers(model: Any) -> None:
    """A layer's grid is its feature maps' size."""
    assert gradcam.Explainer(model, LAYER).grid == (4, 6)


@pytest.mark.parametrize("method", list(gradcam.METHODS))
def test_maps_equal_those_of_the_library_on_the_whole_network(
    model: Any, method: gradcam.Method
) -> None:
    """Cutting the network behind the layer changes no map of tf-keras-vis."""
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.scores import CategoricalScore

    images = np.random.default_rng(2).integers(0, 256, (3, *SIZE, 3)).astype(np.uint8)
    tools = {"gradcam": Gradcam, "gradcam++": GradcamPlusPlus, "scorecam": Scorecam}
    grids = tools[method](gradcam.without_softmax(model), clone=False)(
        CategoricalScore([1, 3, 5]),
        images.astype(np.float32),
        penultimate_layer=LAYER,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    expected = gradcam.expand_maps(np.asarray(grids, dtype=np.float32), SIZE)
    maps = gradcam.Explainer(model, LAYER).maps(images, [1, 3, 5], method)
    assert expected.max() == 1  # else both could be empty
    np.testing.assert_allclose(maps, expected, atol=1e-5)


def test_another_backend_is_told(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under another backend than TensorFlow the message names the way out."""
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ConfigError, match=r"got jax.*DERMBOOK_BACKEND"):
        gradcam.Explainer(model, LAYER)
