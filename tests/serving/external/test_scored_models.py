"""What can be scored: the box, a served folder, and exports, whole or damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.small_served import IMAGE_SIZE, small_card

from helpers.core.errors import ConfigError
from helpers.core.files import sha256_file, write_json
from helpers.serving.external import scored_models
from helpers.serving.external.scored_models import ExportedModel, open_scorer
from helpers.serving.model.opening import BUNDLED, open_model
from helpers.serving.model.out_of_distribution import fit_gate
from helpers.serving.model.served import ServedModel


def pretend(folder: Path, to: str = "onnx", gate: str | None = None) -> Path:
    """The folder of an export, with a file that no program reads."""
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"graph")
    record = {
        "to": to,
        "card": small_card(gate=gate).model_dump(mode="json"),
        "files": {"model.onnx": {"bytes": 5, "sha256": sha256_file(folder / "model.onnx")}},
    }
    write_json(folder / "export.json", record)
    return folder


def compute(images: np.ndarray) -> dict[str, np.ndarray]:
    """The probabilities follow the first pixel, so that flipped pictures differ."""
    first = images[:, 0, 0, 0] / 255
    y_prob = np.stack([first, *[(1 - first) / 6] * 6], axis=1).astype(np.float32)
    maps = np.stack([images[..., 0].astype(np.float32), images[..., 1] / 2.0], axis=-1)
    return {"probabilities": y_prob, "features": maps}


def test_names_of_the_box() -> None:
    """None, nothing, and the word."""
    for spec in (None, "", "box"):
        found = open_scorer(spec)
        assert isinstance(found, ServedModel) and found.folder == BUNDLED


def test_the_browsers_copy_in_the_box() -> None:
    """An export by its folder or by its file, with the card of its model."""
    for spec in (BUNDLED / "web", BUNDLED / "web" / "model.json"):
        found = open_scorer(spec)
        assert isinstance(found, ExportedModel) and found.to == "tfjs"
        assert found.card.faces == open_model().card.faces
        assert found.gate is None


def test_an_export_averages_its_views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And gives the gate the picture as it is."""
    rng = np.random.default_rng(0)
    gate = fit_gate(rng.normal(size=(40, 2)), n_directions=1)
    folder = pretend(tmp_path / "export", gate="gate.npz")
    gate.save(folder / "gate.npz")
    monkeypatch.setattr(scored_models, "open_runtime", lambda *_: compute)
    found = open_scorer(folder)
    images = rng.integers(0, 256, (3, *IMAGE_SIZE, 3)).astype(np.uint8)
    corners = [images[:, y, x, 0] / 255 for y in (0, -1) for x in (0, -1)]
    y_prob, variations = found.answer(images)
    np.testing.assert_allclose(y_prob[:, 0], np.mean(corners, axis=0), atol=1e-6)
    np.testing.assert_allclose(found.answer(images, "single")[0][:, 0], corners[0], atol=1e-6)
    assert variations is not None and variations.shape == (3, 2)
    np.testing.assert_allclose(variations[:, 0], images[..., 0].std(axis=(1, 2)), rtol=1e-4)
    assert found.gate is not None and found.gate.threshold == pytest.approx(gate.threshold)


def test_what_is_no_export(tmp_path: Path) -> None:
    """One message each."""
    folder = pretend(tmp_path / "a")
    (folder / "model.onnx").write_bytes(b"grape")
    with pytest.raises(ConfigError, match="but got others"):
        open_scorer(folder)
    (folder / "model.onnx").unlink()
    with pytest.raises(ConfigError, match="but got no file"):
        open_scorer(folder)
    with pytest.raises(ConfigError, match="known format but got 'cake'"):
        open_scorer(pretend(tmp_path / "b", to="cake"))
    write_json(folder / "export.json", {"to": "onnx"})
    with pytest.raises(ConfigError, match="expected the record of an export"):
        open_scorer(folder)
    write_json(folder / "export.json", {"to": "onnx", "card": {}, "files": {}})
    with pytest.raises(ConfigError, match="not the record of an export"):
        open_scorer(folder)
    bare = tmp_path / "model.tflite"
    bare.write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"expected export\.json beside"):
        open_scorer(bare)
    with pytest.raises(ConfigError):
        open_scorer("no-such-trial")
