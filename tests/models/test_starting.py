"""What a network starts from: weights of a folder, of a download, of trained ones."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.answers import answers
from support.kept_weights import write_weights

from helpers.core.errors import ConfigError
from helpers.models.backbones import find_backbone
from helpers.models.build import build_model
from helpers.models.loading import load_model
from helpers.models.starting import start_from


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
    first, second = (answers(up_to(model, layer), pixels) for model in (ours, theirs))
    np.testing.assert_allclose(first, second, atol=1e-5 * np.abs(second).max())
    ours.save(tmp_path / "m.keras")
    again = answers(up_to(load_model(tmp_path / "m.keras"), layer), pixels)
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
    first = answers(up_to(model, "stem_conv"), pixels)[:, 4:12, 4:12]
    second = answers(up_to(trained, "stem_conv"), pixels[:, :32, :32])
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

    return keras.Model(model.input, model.get_layer(layer).output)
