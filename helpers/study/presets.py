"""Presets: the five published systems by name, as far as what they did is known.

They stand in ``chapters/presets.yml``. What a source does not say is a choice of this book's, and
the preset names it with its reason; what follows from a source unsaid is named too. A profile may
make a preset small (`SmallSystems`); what it changed is told from the two configurations, so that
nobody has to remember it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from helpers.core import CHAPTERS, ConfigError, explain_validation, read_yaml
from helpers.evaluation import SCORES
from helpers.models import BACKBONES
from helpers.published import claim
from helpers.study.downsizing import SmallSystems
from helpers.training import TrialConfig

PRESETS = CHAPTERS / "presets.yml"

SCREENING_SCORES: dict[str, str] = {
    "accuracy": "Accuracy",
    "recall": "Recall",
    "specificity": "Specificity",
    "precision": "Precision",
    "roc_auc": "ROC AUC",
}
"""Scores of benign against malignant, and their names in tables."""

GIVEN = ("name", "seed", "weights_dir")
"""Fields of a configuration that a preset leaves to whoever trains it."""


class Protocol(BaseModel):
    """How a system's images were divided, and what its claim was measured on.

    Attributes
    ----------
    division : {"split", "screening", "folds"}
        Train, validation and test; the same of as many benign as malignant images
        (`helpers.dataset.folds.screening_split`); or folds beside a test split.
    by : {"image", "lesion"}
        What was kept together.
    fractions : tuple of three float
        Shares of train, validation and test. Of folds only that of test counts; screening has
        its own. Without a share there is no test, and the claim is of validation.
    seed : int or None
        That of the division, where it is published; whoever trains gives it where not.
    folds : int or None
        How many, of the division "folds".
    views : bool
        Whether a prediction is the mean over several views of an image.
    words : str
        The claim's protocol in one line, for tables.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    division: Literal["split", "screening", "folds"]
    by: Literal["image", "lesion"]
    fractions: tuple[float, float, float] = (0.6, 0.2, 0.2)
    seed: int | None = Field(None, ge=0)
    folds: int | None = Field(None, ge=2)
    views: bool = False
    words: str = Field(min_length=1)

    @model_validator(mode="after")
    def _folds_of_folds(self) -> Self:
        if (self.folds is not None) != (self.division == "folds"):
            raise ValueError(f"folds: expected a number for the division 'folds' only, got {self}")
        return self


class Measure(BaseModel):
    """A score to report.

    Attributes
    ----------
    score : str
        A key of `helpers.evaluation.SCORES`, or of `SCREENING_SCORES` for benign and malignant.
    split : {"valid", "test"}
        What the claim was measured on. "valid" is also where the best epoch was chosen; of folds
        it is every image by the model that did not train on it.
    claim : str or None
        Key of the published number; None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: str
    split: Literal["valid", "test"] = "test"
    claim: str | None = None

    @model_validator(mode="after")
    def _known_claim(self) -> Self:
        if self.claim is not None:
            try:
                claim(self.claim)
            except KeyError as error:
                raise ValueError(str(error.args[0])) from None
        return self


class Preset(BaseModel):
    """A published system.

    Attributes
    ----------
    name : str
        What ``dermbook trial`` calls it.
    title, description : str
        For people; the description is one line.
    protocol : Protocol
        Of its claim.
    measures : tuple of Measure
        The first is the one of chapter 11.
    variants : dict of str to str
        Other backbones that it was published with, and the keys of their claims.
    trial : dict
        Fields of `TrialConfig`, without `GIVEN`.
    inferred : dict of str to str
        What the source shows without saying it: a field, and what shows it.
    chosen : dict of str to str
        What is not published: a field (``stages.epochs`` is one of every stage), and why it has
        the value that it has here.
    differs : tuple of str
        Where a training here departs from the original in any case.
    why : str
        Why the claim and a score by lesion differ, in a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    protocol: Protocol
    measures: tuple[Measure, ...] = Field(min_length=1)
    variants: dict[str, str] = {}
    trial: dict[str, Any]
    inferred: dict[str, str] = {}
    chosen: dict[str, str]
    differs: tuple[str, ...] = ()
    why: str = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = [field for field in GIVEN if field in self.trial]
        if given:
            raise ValueError(f"trial: expected none of {', '.join(GIVEN)}, got {', '.join(given)}")
        try:
            config = self.config()
        except ValidationError as error:
            raise ValueError(f"trial: {explain_validation(error)}") from None
        known = SCREENING_SCORES if config.target == "malignant" else SCORES
        for measure in self.measures:
            if measure.score not in known:
                raise ValueError(
                    f"measures: expected scores among {', '.join(known)}, got {measure.score!r}"
                )
        for backbone, key in self.variants.items():
            if backbone not in BACKBONES:
                raise ValueError(f"variants: expected a backbone, got {backbone!r}")
            Measure(score="accuracy", claim=key)
        for path in (*self.inferred, *self.chosen):
            self.value_of(path)
        if not self.protocol.fractions[2] and any(m.split == "test" for m in self.measures):
            raise ValueError("measures: expected none of test where the protocol has no test")
        return self

    def variant(self, backbone: str) -> Preset:
        """The same system with another of the backbones that it was published with.

        Raises
        ------
        ConfigError
            If it was not published with this one.
        """
        if backbone == self.trial["backbone"]:
            return self
        if backbone not in self.variants:
            known = ", ".join(self.variants or [self.trial["backbone"]])
            raise ConfigError(
                f"backbone of {self.name}: expected one that it was published with ({known}), got "
                f"{backbone!r}"
            )
        first = self.measures[0].model_copy(update={"claim": self.variants[backbone]})
        return self.model_copy(
            update={
                "trial": self.trial | {"backbone": backbone},
                "measures": (first, *self.measures[1:]),
            }
        )

    def config(
        self, small: SmallSystems | None = None, *, name: str = "", **given: Any
    ) -> TrialConfig:
        """The configuration of one training.

        Parameters
        ----------
        small : SmallSystems, optional
            What to change so that it is small.
        name : str, default=""
            What tables call it; the preset's own name where empty.
        **given
            ``seed`` and ``weights_dir``.
        """
        config = TrialConfig(**{"name": name or self.name, **self.trial, **given})
        return config if small is None else small.applied_to(config)

    def n_folds(self, small: SmallSystems | None = None) -> int:
        """Trainings of one protocol: the folds, or 1."""
        folds = self.protocol.folds or 1
        return min(folds, small.folds) if small is not None and small.folds else folds

    def averages_views(self, small: SmallSystems | None = None) -> bool:
        """Whether a prediction is the mean over several views of an image."""
        return self.protocol.views and (small is None or small.views)

    def value_of(self, path: str) -> Any:
        """A value that was chosen or inferred, by its key; "" for the protocol.

        Raises
        ------
        ValueError
            If there is no such field.
        """
        if path == "protocol":
            return ""
        field, _, inner = path.partition(".")
        if field not in TrialConfig.model_fields:
            raise ValueError(
                f"inferred, chosen: expected fields of a trial or protocol, got {path!r}"
            )
        config = self.config()
        if path == "augmentation":
            return config.augmentation.model_dump(exclude_defaults=True) or "none"
        if path == "image_size":
            return " × ".join(map(str, config.image_size))
        value = config.model_dump(mode="json")[field]
        if not inner:
            return value
        if not isinstance(value, list) or any(inner not in part for part in value):
            raise ValueError(f"inferred, chosen: expected a field of every stage, got {path!r}")
        return [part[inner] for part in value]


def made_small(preset: Preset, small: SmallSystems | None) -> list[str]:
    """What a profile changed in a preset, in words; empty where it changed nothing.

    Parameters
    ----------
    preset : Preset
        As published.
    small : SmallSystems or None
        The profile's changes.
    """
    before, after = preset.config(), preset.config(small)
    changes = []
    if after.backbone != before.backbone:
        changes.append(f"{after.backbone} for {before.backbone}")
    if after.weights != before.weights:
        names = {"imagenet": "ImageNet", "none": "random"}
        changes.append(f"{names[after.weights]} weights for {names[before.weights]}")
    if after.image_size != before.image_size:
        new, old = (" × ".join(map(str, config.image_size)) for config in (after, before))
        changes.append(f"{new} pixels for {old}")
    if [s.trainable for s in after.stages] != [s.trainable for s in before.stages]:
        changes.append("only the head learns")
    if after.epochs != before.epochs:
        epochs = "epoch" if after.epochs == 1 else "epochs"
        changes.append(f"at most {after.epochs} {epochs} for {before.epochs}")
    if after.augmentation != before.augmentation:
        changes.append("no augmentation")
    if preset.n_folds(small) != preset.n_folds():
        changes.append(f"{preset.n_folds(small)} folds for {preset.n_folds()}")
    if preset.averages_views(small) != preset.averages_views():
        changes.append("one view of each image")
    return changes


@cache
def load_presets(path: Path = PRESETS) -> dict[str, Preset]:
    """Read and check the presets.

    Parameters
    ----------
    path : Path, optional
        A YAML file; the project's own by default.

    Returns
    -------
    dict of str to Preset
        By name, in the file's order.

    Raises
    ------
    ConfigError
        If it is no YAML, or a field is missing, unknown or out of range.
    """
    content = read_yaml(path, "presets by name")
    presets = {}
    for name, fields in content.items():
        try:
            presets[name] = Preset(name=name, **(fields or {}))
        except ValidationError as error:
            raise ConfigError(f"{path}, {name}: {explain_validation(error)}") from None
    if not presets:
        raise ConfigError(f"{path}: expected presets by name, got {content!r}")
    return presets


def find_preset(name: str) -> Preset:
    """A preset by name.

    Raises
    ------
    ConfigError
        If there is none of that name; the message lists them.
    """
    presets = load_presets()
    if name not in presets:
        raise ConfigError(f"preset: expected one of {', '.join(presets)}, got {name!r}")
    return presets[name]


def compared_presets(small: SmallSystems) -> list[Preset]:
    """Presets that a profile trains for chapter 11.

    Raises
    ------
    ConfigError
        If the profile names one that there is not.
    """
    presets = load_presets()
    if small.compared == "all":
        return list(presets.values())
    unknown = [name for name in small.compared if name not in presets]
    if unknown:
        raise ConfigError(
            f"systems.compared: expected presets among {', '.join(presets)}, got "
            f"{', '.join(unknown)}"
        )
    return [preset for name, preset in presets.items() if name in small.compared]
