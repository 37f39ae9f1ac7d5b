"""Models: preprocessing inside, flat graphs, published parameter counts, clear errors."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
import pytest
from support.answers import answers

from helpers.core.errors import ConfigError
from helpers.models.backbones import BACKBONES, find_backbone, load_builder, preprocess
from helpers.models.build import HEADS, backbone_layers, build_model, head_of, set_trainable

KERAS_MODULES = {"caffe": "resnet50", "tf": "inception_resnet_v2", "inside": "efficientnet"}


def test_efficientnetb3_has_the_published_number_of_parameters() -> None:
    """EfficientNetB3 with a dense layer of seven: 10,794,294, of which 87,303 never learn."""
    model = build_model("EfficientNetB3", (64, 64))
    fixed = sum(int(np.prod(weight.shape)) for weight in model.non_trainable_weights)
    assert model.count_params() == 10_794_294
    assert fixed == 87_303


@pytest.mark.parametrize("kind", ["caffe", "tf", "inside"])
def test_preprocessing_is_that_of_keras_applications(kind: str) -> None:
    """What a model does with raw pixels is what its module's preprocess_input does."""
    import keras

    pixels = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    module = importlib.import_module(f"keras.applications.{KERAS_MODULES[kind]}")
    inputs = keras.Input((8, 8, 3))
    ours = answers(keras.Model(inputs, preprocess(inputs, kind)), pixels)  # type: ignore[arg-type]
    np.testing.assert_allclose(ours, module.preprocess_input(pixels.copy()), atol=1e-3)


def test_torch_and_unit_preprocessing() -> None:
    """They are Keras' mode "torch", and division by 255, in place of a backbone's own."""
    import keras
    from keras.applications.imagenet_utils import preprocess_input

    pixels = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    inputs = keras.Input((32, 32, 3))
    for kind, expected in (
        ("torch", preprocess_input(pixels.copy(), mode="torch")),
        ("unit", pixels / 255),
    ):
        ours = keras.Model(inputs, preprocess(inputs, kind))  # type: ignore[arg-type]
        np.testing.assert_allclose(answers(ours, pixels), expected, atol=1e-5)
        model = build_model("ResNet50", (32, 32), preprocessing=kind)  # type: ignore[arg-type]
        prepared = keras.Model(model.input, model.get_layer("preprocessing").output)
        np.testing.assert_allclose(answers(prepared, pixels), expected, atol=1e-5)
        assert "preprocessing" not in {layer.name for layer in backbone_layers(model)}


def test_raw_pixels_reach_the_backbone_as_they_are() -> None:
    """Nothing stands between the pixels and the first layer of a network that rescales nothing."""
    import keras

    pixels = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    inputs = keras.Input((8, 8, 3))
    np.testing.assert_array_equal(
        answers(keras.Model(inputs, preprocess(inputs, "raw")), pixels), pixels
    )
    raw = build_model("VGG16", (32, 32), preprocessing="raw")
    first = backbone_layers(raw)[0]
    assert first.name == "block1_conv1"
    assert first.input is raw.inputs[0]
    assert len(backbone_layers(raw)) == len(backbone_layers(build_model("VGG16", (32, 32))))


@pytest.mark.parametrize(
    ("name", "own"),
    [("EfficientNetLite0", lambda x: (x - 127) / 128), ("EfficientNetB0", lambda x: x)],
)
def test_pixels_scaled_twice(name: str, own: Callable[[np.ndarray], np.ndarray]) -> None:
    """The mistake divides by 255 before what the network itself expects of 0..255."""
    import keras

    pixels = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    model = build_model(name, (32, 32), preprocessing="twice")
    names = [layer.name for layer in model.layers if layer.name.startswith("preprocessing")]
    prepared = keras.Model(model.input, model.get_layer(names[-1]).output)
    np.testing.assert_allclose(answers(prepared, pixels), own(pixels / 255), atol=1e-5)
    right = build_model(name, (32, 32))
    assert len(backbone_layers(model)) == len(backbone_layers(right))


def test_focal_flatten_keeps_the_places() -> None:
    """It is the focal head on all cells in place of their mean, and is cut behind the flatten."""
    model = build_model("MobileNet", (64, 64), head="focal_flatten", dropout=0.5)
    names = [layer.name for layer in model.layers if layer.name.startswith("head_")]
    assert names == [
        "head_flatten", "head_dropout", "head_dense_1", "head_dense_2", "head_softmax"
    ]  # fmt: skip
    assert head_of(model).inputs[0].shape == (None, 2 * 2 * 1024)
    pooled = build_model("MobileNet", (64, 64), head="focal", dropout=0.5)
    assert model.count_params() - pooled.count_params() == 3 * 1024 * 512


def test_lite_preprocessing() -> None:
    """EfficientNet-Lite0 gets (x - 127) / 128."""
    import keras

    inputs = keras.Input((1, 1, 3))
    model = keras.Model(inputs, preprocess(inputs, "lite"))
    result = answers(model, np.array([[[[0, 127, 255]]]], np.float32))
    np.testing.assert_allclose(result.ravel(), [-127 / 128, 0, 1], atol=1e-6)


def test_registry_names_what_keras_has() -> None:
    """Every builder can be imported, and a backbone that is not there is told with the list."""
    for entry in BACKBONES.values():
        assert callable(load_builder(entry))
        assert entry.minimum_size <= entry.native_size
    with pytest.raises(ConfigError, match="ResNet50, "):
        find_backbone("ResNet51")


@pytest.mark.parametrize("head", list(HEADS))
def test_heads_end_in_seven_probabilities(head: str) -> None:
    """Every head turns the backbone's features into seven classes."""
    model = build_model("MobileNet", (32, 32), head=head, dropout=0.5)  # type: ignore[arg-type]
    assert model.output_shape == (None, 7)


def test_dropout_of_the_screening_model_is_as_published() -> None:
    """A half before the dense layer, three tenths behind it; everywhere else a single one."""
    model = build_model("MobileNet", (32, 32), head="dense", dropout=0.5)
    rates = {layer.name: layer.rate for layer in model.layers if hasattr(layer, "rate")}
    ours = {name: rate for name, rate in rates.items() if name.startswith("head_")}
    assert ours == {"head_dropout": 0.5, "head_dropout_2": pytest.approx(0.3)}


def test_trainable_layers() -> None:
    """The head, the last layers and everything; batch norms rest in the second case."""
    model = build_model("MobileNet", (32, 32))
    set_trainable(model, "head")
    assert len(model.trainable_weights) == 2
    set_trainable(model, "all")
    everything = len(model.trainable_weights)
    set_trainable(model, 5)
    learning = [layer for layer in backbone_layers(model) if layer.trainable]
    assert 2 < len(model.trainable_weights) < everything
    assert {layer.name for layer in learning} <= {m.name for m in backbone_layers(model)[-5:]}
    assert not any("BatchNorm" in type(layer).__name__ for layer in learning)
    set_trainable(model, 20, batch_norms=True)
    learning = [layer.name for layer in backbone_layers(model) if layer.trainable]
    # The browser app's last 23 layers of the whole model, less pooling, dropout and softmax.
    assert (learning[0], learning[-1], len(learning)) == ("conv_pw_10_relu", "conv_pw_13_relu", 20)
    assert sum("BatchNorm" in type(model.get_layer(name)).__name__ for name in learning) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "noisy-student"}, "'imagenet' or 'none'"),
        ({"head": "conv"}, "linear"),
        ({"weights": "imagenet", "weights_dir": "nowhere"}, "notop"),
    ],
)
def test_bad_requests_are_told(options: dict[str, str], message: str) -> None:
    """Unknown weights and heads, and weights that are not there, name the ways out."""
    with pytest.raises(ConfigError, match=message):
        build_model("ResNet50", (32, 32), **options)  # type: ignore[arg-type]


def test_too_small_an_image_is_told() -> None:
    """A backbone with a smallest size says it."""
    with pytest.raises(ConfigError, match="at least 75"):
        build_model("InceptionResNetV2", (64, 64))
