"""Cards of served models: read as written, and refused where they do not describe a model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from support.small_served import small_card

from helpers.augmentation.clahe import Clahe
from helpers.core.errors import ConfigError
from helpers.serving.cards.card import CARD_FILE, read_card, write_card


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Every field survives the file, the equalisation among them."""
    card = small_card(clahe=Clahe(clip_limit=3.0), command="dermbook box", gate="gate.npz")
    path = write_card(tmp_path, card)
    assert path == tmp_path / CARD_FILE
    assert read_card(tmp_path) == card


def test_a_card_cannot_be_changed() -> None:
    """Threads share it."""
    with pytest.raises(ValidationError):
        small_card().name = "another"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"classes": ["nv", "mel"]}, "classes"),
        ({"target": "malignant"}, "classes"),
        ({"image_size": [4, 4]}, "image_size"),
        ({"gate": "../gate.npz"}, "gate"),
        ({"gate": "/etc/passwd"}, "gate"),
        ({"gate": ".."}, "gate"),
        ({"colour": "red"}, "colour"),
        ({"licence": None}, "licence"),
        ({"faces": {}}, "faces"),
    ],
)
def test_what_is_no_card_is_refused(tmp_path: Path, change: dict[str, object], told: str) -> None:
    """The message names the field and the file."""
    values = small_card().model_dump(mode="json") | change
    (tmp_path / CARD_FILE).write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=told) as caught:
        read_card(tmp_path)
    assert CARD_FILE in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("temperature", 0),
        ("temperature", float("nan")),
        ("malignant_threshold", 1.5),
        ("views", []),
        ("views", ["quarter turn"]),
        ("views", ["upside down"]),
        ("class_weights", [1.0, 0.5]),
        ("class_weights", [0.0] + [1.0] * 6),
    ],
)
def test_a_face_that_cannot_be_asked_is_refused(tmp_path: Path, key: str, value: object) -> None:
    """A temperature of nothing, a threshold above 1, views that an oblong picture lacks."""
    values = small_card().model_dump(mode="json")
    values["faces"]["views"][key] = value
    (tmp_path / CARD_FILE).write_text(json.dumps(values))
    with pytest.raises(ConfigError, match="views"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format": 2}', b'{"modelTopology": {}}'],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    """Cut short, another format's, or the browser's model.json."""
    (tmp_path / CARD_FILE).write_bytes(content)
    with pytest.raises(ConfigError, match="expected"):
        read_card(tmp_path)


def test_classes_count_in_the_malignant_probability_as_the_face_says() -> None:
    """Their shares after weighing, and their sum where nothing is said."""
    card = small_card()
    y_prob = np.full((2, 7), 1 / 7)
    np.testing.assert_allclose(card.malignant(y_prob, "views"), 3 / 7)
    weights = (0.2, 0.2, 1.0, 1.0, 0.2, 1.0, 0.4)
    face = card.faces["views"].model_copy(update={"class_weights": weights})
    card = card.model_copy(update={"faces": card.faces | {"views": face}})
    np.testing.assert_allclose(card.malignant(y_prob, "views"), 0.6 / 4.0)
    np.testing.assert_allclose(card.malignant(y_prob, "single"), 3 / 7)


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    """The message says which file was looked for."""
    with pytest.raises(ConfigError, match="model.json"):
        read_card(tmp_path / "nowhere")
