"""Models: preprocessing inside, flat graphs, published parameter counts, clear errors."""

from __future__ import annotations

import importlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.kept_weights import write_weights

from helpers.core.errors import ConfigError
from helpers.models.backbones import BACKBONES, find_backbone, load_builder, preprocess
from helpers.models.build import (
    HEADS,
    backbone_layers,
    build_model,
    head_of,
    load_model,
    set_trainable,
    start_from,
)

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
    ours = keras.Model(inputs, preprocess(inputs, kind)).predict_on_batch(pixels)  # type: ignore[arg-type]
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
        np.testing.assert_allclose(ours.predict_on_batch(pixels), expected, atol=1e-5)
        model = build_model("ResNet50", (32, 32), preprocessing=kind)  # type: ignore[arg-type]
        prepared = keras.Model(model.inputs, model.get_layer("preprocessing").output)
        np.testing.assert_allclose(prepared.predict_on_batch(pixels), expected, atol=1e-5)
        assert "preprocessing" not in {layer.name for layer in backbone_layers(model)}


def test_raw_pixels_reach_the_backbone_as_they_are() -> None:
    """Nothing stands between the pixels and the first layer of a network that rescales nothing."""
    import keras

    pixels = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    inputs = keras.Input((8, 8, 3))
    np.testing.assert_array_equal(
        keras.Model(inputs, preprocess(inputs, "raw")).predict_on_batch(pixels), pixels
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
    prepared = keras.Model(model.inputs, model.get_layer(names[-1]).output)
    np.testing.assert_allclose(prepared.predict_on_batch(pixels), own(pixels / 255), atol=1e-5)
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
    result = model.predict_on_batch(np.array([[[[0, 127, 255]]]], np.float32))
    np.testing.assert_allclose(result.ravel(), [-127 / 128, 0, 1], atol=1e-6)


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetLite0", "VGG16"])
def test_model_survives_saving(name: str, tmp_path: Path) -> None:
    """A saved model loads in safe mode and predicts the same, from raw pixels."""
    model = build_model(name, (32, 48))
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 32, 48, 3)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    before, after = model.predict_on_batch(pixels), loaded.predict_on_batch(pixels)
    np.testing.assert_allclose(before, after, atol=1e-6)
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-5)
    entry = find_backbone(name)
    assert loaded.get_layer(entry.cam_layer).output.shape[-1] > 100, "the graph is flat"


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


def test_download_without_network_names_both_ways_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When Keras cannot download, the error names weights_dir and training from scratch."""
    import keras

    def refuse(*args: object, **options: object) -> None:
        raise Exception("URL fetch failure: no route")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", refuse)
    monkeypatch.setattr(keras.src.applications.mobilenet.file_utils, "get_file", refuse)
    with pytest.raises(ConfigError, match=r"weights_dir.*weights: none"):
        build_model("MobileNet", (128, 128), weights="imagenet")


@pytest.fixture(scope="module")
def kept_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of EfficientNetB0's shape, as Keras offers it for download."""
    return write_weights(tmp_path_factory.mktemp("weights"))


def downloaded(folder: Path, monkeypatch: pytest.MonkeyPatch, size: int = 32) -> Any:
    """EfficientNetB0 as Keras makes it from weights that it has downloaded, which lie here."""
    module = importlib.import_module("keras.src.applications.efficientnet")
    file = folder / find_backbone("EfficientNetB0").weights_file
    monkeypatch.setattr(module.file_utils, "get_file", lambda *args, **kwargs: str(file))
    return build_model("EfficientNetB0", (size, size), weights="imagenet", head="linear")


def test_weights_from_a_folder_are_those_of_the_download(
    kept_weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Keras scales once more what it downloaded; the same file from a folder does the same."""
    theirs = downloaded(kept_weights, monkeypatch)
    monkeypatch.undo()
    ours = build_model("EfficientNetB0", (32, 32), weights="imagenet", weights_dir=kept_weights)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    layer = "stem_conv"
    first, second = (up_to(model, layer).predict(pixels, verbose=0) for model in (ours, theirs))
    np.testing.assert_allclose(first, second, atol=1e-5 * np.abs(second).max())
    ours.save(tmp_path / "m.keras")
    again = up_to(load_model(tmp_path / "m.keras"), layer).predict(pixels, verbose=0)
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize("kept", [True, False])
def test_a_start_takes_the_scale_over(
    kept: bool, kept_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that goes on from another's weights sees the same colours, at any size."""
    if kept:
        trained = build_model(
            "EfficientNetB0", (32, 32), weights="imagenet", weights_dir=kept_weights
        )
    else:
        trained = downloaded(kept_weights, monkeypatch)
    model = build_model("EfficientNetB0", (64, 64))
    start_from(model, {"first": trained})
    pixels = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    first = up_to(model, "stem_conv").predict(pixels, verbose=0)[:, 4:12, 4:12]
    second = up_to(trained, "stem_conv").predict(pixels[:, :32, :32], verbose=0)
    np.testing.assert_allclose(first, second[:, 4:12, 4:12], atol=1e-5 * np.abs(first).max())


def test_a_start_from_several_takes_their_mean() -> None:
    """Each weight is the mean of theirs; another network among them is an error by its name."""
    trained = {name: build_model("MobileNet", (32, 32)) for name in ("first", "second")}
    model = build_model("MobileNet", (64, 64))
    start_from(model, trained)
    for own, *theirs in zip(
        model.get_weights(), *(each.get_weights() for each in trained.values()), strict=True
    ):
        np.testing.assert_allclose(own, np.mean(theirs, axis=0), rtol=1e-6, atol=1e-7)
    with pytest.raises(ConfigError, match="second is"):
        start_from(model, trained | {"second": build_model("MobileNet", (32, 32), head="dense")})


def up_to(model: Any, layer: str) -> Any:
    """A model up to one of its layers."""
    import keras

    return keras.Model(model.inputs, model.get_layer(layer).output)


def test_unfit_model_files_are_told(tmp_path: Path) -> None:
    """A file of Keras 2, one that is missing and one that cannot be read are told apart."""
    old = tmp_path / "old.keras"
    old.write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ConfigError, match="Keras 2"):
        load_model(old)
    with pytest.raises(ConfigError, match="train it first"):
        load_model(tmp_path / "none.keras")
    broken = tmp_path / "broken.keras"
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "9.9"}))
        archive.writestr("config.json", json.dumps({"class_name": "Nothing", "config": {}}))
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(ConfigError, match=r"Keras 9\.9"):
        load_model(broken)
    damaged = bytearray(broken.read_bytes())
    damaged[damaged.index(b"Nothing")] ^= 1
    broken.write_bytes(damaged)
    with pytest.raises(ConfigError, match=r"broken\.keras: expected a whole model file.*CRC"):
        load_model(broken)
