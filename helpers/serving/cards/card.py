"""The card of a served model: all that its faces must know besides its weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from helpers.augmentation import Clahe
from helpers.core import MALIGNANT, TARGETS, ConfigError, explain_validation, write_json
from helpers.evaluation import views_of
from helpers.serving.cards.calibration import weigh_classes

CARD_FILE = "model.json"
MODEL_FILE = "model.keras"
GATE_FILE = "gate.npz"
FORMAT = 1

FaceName = Literal["single", "views"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Score(_Frozen):
    """A score with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        The score and the ends of its interval.
    n : int
        Images that it was computed from.
    """

    value: float
    low: float
    high: float
    n: int = Field(ge=1)


class Face(_Frozen):
    """One way of asking the model, with what was chosen for it on validation images.

    Attributes
    ----------
    views : tuple of str
        Names in `VIEWS` of test-time augmentation; the probabilities of all of them are averaged.
    temperature : float
        What the averaged probabilities are calibrated by; see `helpers.serving.cards.calibration`.
    malignant_threshold : float
        A picture is called malignant where its calibrated malignant probability is at least
        this, in [0, 1].
    wanted_sensitivity : float
        What the threshold was chosen for.
    class_weights : tuple of float or None
        How much each class counts in the malignant probability, in the order of the classes. A
        training with logit adjustment answers as if all were equally frequent, which names rare
        ones more often; how probable it is that a lesion is malignant depends on how frequent they
        are. None where all count alike.
    scores : dict of str to dict of str to Score
        By split ("valid", "test") and name. An undefined score is left out.
    """

    views: tuple[str, ...] = Field(min_length=1)
    temperature: float = Field(gt=0)
    malignant_threshold: float = Field(ge=0, le=1)
    wanted_sensitivity: float = Field(gt=0, le=1)
    class_weights: tuple[Annotated[float, Field(gt=0, le=1)], ...] | None = None
    scores: dict[Literal["valid", "test"], dict[str, Score]] = {}


class Copy(_Frozen):
    """A copy of a model with smaller weights, beside the model, on the test split.

    Attributes
    ----------
    precision : str
        How its weights are stored.
    images : int
        Of the test split, one view each.
    largest_difference : float
        Of a calibrated probability, in 0..1, from the model's own.
    same_class : int
        Images whose most probable class is that of the model.
    scores : dict of str to Score
        At the temperature and threshold of the model's face "single".
    """

    precision: str
    images: int = Field(ge=1)
    largest_difference: float = Field(ge=0, le=1)
    same_class: int = Field(ge=0)
    scores: dict[str, Score]


class Card(_Frozen):
    """What a served model is; ``model.json`` beside ``model.keras``.

    Attributes
    ----------
    format : int
        Version of this file's layout.
    name : str
        What the faces call the model.
    trial : str
        Key of the training that it came from.
    classes : tuple of str
        In the order of the model's probabilities.
    target : {"diagnosis", "malignant"}
        What it tells apart.
    image_size : tuple of int
        (height, width) of its input in pixels.
    clahe : Clahe or None
        Equalisation of its pictures, which `ServedModel` applies.
    licence, notice : str
        What it may be used for, and what not, in English.
    command : str or None
        What makes it again.
    faces : dict of str to Face
        "single", one view, and "views", several where they were calibrated.
    browser : Copy or None
        The copy for the browser in the folder ``web`` beside the card, as far as it was scored.
    gate : str or None
        Name of the gate's file beside the card; see `helpers.serving.model.out_of_distribution`.
    training : dict
        The `TrialConfig` as JSON.
    data : dict
        Source, fingerprint, and numbers of images and lesions by split, as far as known.
    versions : dict
        Of Python and packages.
    """

    format: Literal[1] = 1
    name: str = Field(min_length=1)
    trial: str
    classes: tuple[str, ...]
    target: Literal["diagnosis", "malignant"]
    image_size: tuple[int, int]
    clahe: Clahe | None = None
    licence: str
    notice: str
    command: str | None = None
    faces: dict[FaceName, Face]
    browser: Copy | None = None
    gate: str | None = None
    training: dict[str, Any]
    data: dict[str, Any]
    versions: dict[str, str]

    @field_validator("image_size")
    @classmethod
    def _has_pixels(cls, size: tuple[int, int]) -> tuple[int, int]:
        if min(size) < 8:
            raise ValueError("expected (height, width) of at least 8 px")
        return size

    @field_validator("gate")
    @classmethod
    def _lies_beside(cls, gate: str | None) -> str | None:
        if gate is not None and (Path(gate).name != gate or gate in ("", ".", "..")):
            raise ValueError("expected the name of a file beside the card, without a folder")
        return gate

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.classes != TARGETS[self.target]:
            raise ValueError(
                f"classes: expected those of the target {self.target!r} in their order, "
                f"{', '.join(TARGETS[self.target])}, got {', '.join(self.classes)}"
            )
        if set(self.faces) != {"single", "views"}:
            raise ValueError(f"faces: expected single and views, got {', '.join(self.faces)}")
        if self.faces["single"].views != ("identity",):
            raise ValueError("faces.single.views: expected identity alone")
        known = views_of(self.image_size)
        unknown = [view for view in self.faces["views"].views if view not in known]
        if unknown:
            raise ValueError(
                f"faces.views.views: expected some of {', '.join(known)} for a picture of "
                f"{self.image_size[0]}x{self.image_size[1]}, got {', '.join(unknown)}"
            )
        for name, face in self.faces.items():
            if face.class_weights is not None and len(face.class_weights) != len(self.classes):
                raise ValueError(
                    f"faces.{name}.class_weights: expected one for each of {len(self.classes)} "
                    f"classes, got {len(face.class_weights)}"
                )
        return self

    @property
    def malignant_places(self) -> list[int]:
        """Places of the classes whose probabilities add up to that of "malignant"."""
        return malignant_places(self.target)

    def malignant(self, y_prob: ArrayLike, face: FaceName) -> NDArray[np.float64]:
        """Probability of "malignant", of shape (n_images,), in [0, 1].

        Parameters
        ----------
        y_prob : array-like of shape (n_images, n_classes)
            Calibrated probabilities.
        face : {"single", "views"}
            Whose they are; see `Face.class_weights`.
        """
        weights = self.faces[face].class_weights
        found = np.asarray(y_prob) if weights is None else weigh_classes(y_prob, weights)
        return np.asarray(found[:, self.malignant_places].sum(axis=1).clip(0, 1))


def malignant_places(target: str) -> list[int]:
    """Places among a target's classes of those that are malignant."""
    names = MALIGNANT if target == "diagnosis" else {"malignant"}
    return [index for index, name in enumerate(TARGETS[target]) if name in names]


def read_card(folder: str | Path) -> Card:
    """Read ``model.json`` of a served model's folder.

    Raises
    ------
    ConfigError
        If it is missing, no JSON, or not a card of this format; all that is wrong is listed.
    """
    path = Path(folder) / CARD_FILE
    try:
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"{path}: expected the card of a served model but got {error.strerror!r}; name a "
            "folder that 'dermbook box' or write_served made"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"{path}: expected JSON but got {error}; take the file from where the model was made"
        ) from error
    got = values.get("format") if isinstance(values, dict) else None
    if got != FORMAT:
        raise ConfigError(
            f"{path}: expected a card of format {FORMAT}, got {got!r}; name the folder of a served "
            "model, or make the model again with this version"
        )
    try:
        return Card(**values)
    except ValidationError as error:
        raise ConfigError(f"{path}: not a card of a model\n{explain_validation(error)}") from error


def write_card(folder: str | Path, card: Card) -> Path:
    """Write a card as ``model.json``, atomically, and return its path."""
    path = Path(folder) / CARD_FILE
    write_json(path, card.model_dump(mode="json"))
    return path
