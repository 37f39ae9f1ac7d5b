"""Model files that are whole, and those that are not."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from support.answers import answers

from helpers.core.errors import ConfigError
from helpers.models.backbones import find_backbone
from helpers.models.build import build_model
from helpers.models.loading import load_model


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetLite0", "VGG16"])
def test_model_survives_saving(name: str, tmp_path: Path) -> None:
    """A saved model loads in safe mode and predicts the same, from raw pixels."""
    model = build_model(name, (32, 48))
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 32, 48, 3)).astype(np.float32)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    before, after = answers(model, pixels), answers(loaded, pixels)
    np.testing.assert_allclose(before, after, atol=1e-6)
    np.testing.assert_allclose(before.sum(axis=1), 1, atol=1e-5)
    entry = find_backbone(name)
    assert loaded.get_layer(entry.cam_layer).output.shape[-1] > 100, "the graph is flat"


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
