"""Profiles: one YAML file each with the parameters of all chapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from helpers.core import (
    CHAPTERS,
    CLASSES,
    HAM10000_CLASSES,
    ConfigError,
    explain_validation,
    read_yaml,
)
from helpers.models import find_backbone
from helpers.study.downsizing import SmallSystems
from helpers.study.presets import compared_presets
from helpers.training import TrialConfig

PROFILES = CHAPTERS / "profiles"


class GradCamSettings(BaseModel):
    """What chapter 7 draws and measures.

    Attributes
    ----------
    images_per_class : int
        Test images of each class whose maps are measured.
    score_cam_channels : int
        Channels that Score-CAM keeps, those of the highest activation; it runs the model once
        for each.
    score_cam_images : int
        Images that Score-CAM is run on; it is the slow one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images_per_class: int = Field(12, ge=1)
    score_cam_channels: int = Field(16, ge=1)
    score_cam_images: int = Field(14, ge=1)


class FirstModelSettings(BaseModel):
    """What the forty lines of chapter 3 are given; the defaults are the tutorial's own.

    Attributes
    ----------
    backbone : str
        A name in `helpers.models.backbones.BACKBONES`. VGG16's weights have to be downloaded.
    weights : {"imagenet", "none"}
        Where the frozen backbone has its weights from.
    image_size : tuple of int
        (height, width) in pixels.
    epochs : int
    starts : int
        How often a comparison is trained, each time from other weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: str = "VGG16"
    weights: Literal["imagenet", "none"] = "imagenet"
    image_size: tuple[int, int] = (224, 224)
    epochs: int = Field(10, ge=1)
    starts: int = Field(3, ge=1)

    @field_validator("backbone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            return find_backbone(name).name
        except ConfigError as error:
            raise ValueError(str(error)) from None


class Profile(BaseModel):
    """The parameters of a run.

    Attributes
    ----------
    name : str
        The file's name without its suffix.
    description : str
        One line for people.
    source : str
        "sample", "ham10000" or a folder.
    sample_images : int
        Images of the drawn sample.
    max_images : int or None
        At most so many images of the source, whole lesions, stratified by class.
    seed : int
        Of the sample, the split and the trials.
    split_file : str or None
        A split to use in place of a computed one (`helpers.dataset.split_files`); relative to the
        profile's own folder.
    group_duplicates : bool
        Whether lesions that share a picture stay together (`helpers.dataset.duplicates`).
    weights_dir : str or None
        Folder of Keras' ImageNet weights; None lets Keras download them.
    gallery_images : int
        Pictures of each class in a gallery.
    n_folds : int
        Of the cross-validation in chapter 8.
    recipes : dict of str to dict
        Named sets of fields of `TrialConfig`.
    trials : dict of str to list of dict
        Groups of trials; each names a recipe and what it changes in it.
    gradcam : GradCamSettings
        For chapter 7.
    first_model : FirstModelSettings
        For chapter 3.
    systems : SmallSystems
        What is changed in the published systems (`helpers.study.presets`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    source: str = "sample"
    sample_images: int = Field(600, ge=42)
    max_images: int | None = Field(None, ge=42)
    seed: int = Field(0, ge=0)
    split_file: str | None = None
    group_duplicates: bool = False
    weights_dir: str | None = None
    gallery_images: int = Field(6, ge=1, le=12)
    n_folds: int = Field(5, ge=2, le=10)
    choose_by: Literal["accuracy", "balanced_accuracy"] = "balanced_accuracy"
    recipes: dict[str, dict[str, Any]]
    trials: dict[str, list[dict[str, Any]]]
    gradcam: GradCamSettings = GradCamSettings()
    first_model: FirstModelSettings = FirstModelSettings()
    systems: SmallSystems = SmallSystems()

    def trial_configs(self, group: str, seed: int | None = None) -> list[TrialConfig]:
        """Configurations of one group of trials.

        Parameters
        ----------
        group : str
            A key of `trials`.
        seed : int, optional
            In place of the profile's.

        Raises
        ------
        ConfigError
            If the group, a recipe or a field is unknown, or a value is out of range.
        """
        if group not in self.trials:
            raise ConfigError(
                f"profile {self.name}: expected a group of trials among "
                f"{', '.join(self.trials)}, got {group!r}"
            )
        return [self._make_config(group, entry, seed) for entry in self.trials[group]]

    def _make_config(self, group: str, entry: dict[str, Any], seed: int | None) -> TrialConfig:
        entry = dict(entry)
        recipe = entry.pop("recipe", None)
        if recipe is not None and recipe not in self.recipes:
            raise ConfigError(
                f"profile {self.name}, trials.{group}: expected a recipe among "
                f"{', '.join(self.recipes)}, got {recipe!r}"
            )
        fields = {
            "seed": self.seed if seed is None else seed,
            "weights_dir": self.weights_dir,
            **(self.recipes[recipe] if recipe else {}),
            **entry,
        }
        try:
            return TrialConfig(**fields)
        except ValidationError as error:
            raise ConfigError(
                f"profile {self.name}, trials.{group}: {explain_validation(error)}"
            ) from None


def list_profiles() -> list[str]:
    """Names of the profiles in ``chapters/profiles``."""
    return sorted(path.stem for path in PROFILES.glob("*.yml"))


def profile_path(name: str | Path) -> Path:
    """Path of a profile, by its name or as a path to a YAML file.

    Raises
    ------
    ConfigError
        If there is none; the message lists the names.
    """
    path = Path(name) if str(name).endswith((".yml", ".yaml")) else PROFILES / f"{name}.yml"
    if not path.is_file():
        raise ConfigError(
            f"profile: expected one of {', '.join(list_profiles())} or a path to a .yml file, "
            f"got {str(name)!r}"
        )
    return path


def load_profile(name: str | Path) -> Profile:
    """Read and check a profile, its trials too.

    Parameters
    ----------
    name : str or Path
        A name in ``chapters/profiles``, or a path to a YAML file.

    Raises
    ------
    ConfigError
        If there is no such profile, it is no YAML, or a field is missing, unknown or out of
        range.
    """
    path = profile_path(name)
    content = read_yaml(path)
    try:
        profile = Profile(name=path.stem, **content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain_validation(error)}") from None
    if profile.split_file is not None:
        place = (path.parent / Path(profile.split_file).expanduser()).resolve()
        profile = profile.model_copy(update={"split_file": str(place)})
    for group, entries in profile.trials.items():
        # A group about a diagnosis that the data set does not have is an error when it is asked.
        if not any(_weighs_absent(entry) for entry in entries):
            profile.trial_configs(group)
    if CLASSES == HAM10000_CLASSES:  # the published systems know these alone
        try:
            compared_presets(profile.systems)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
    return profile


def _weighs_absent(entry: dict[str, Any]) -> bool:
    """Whether a trial weighs a diagnosis of HAM10000 that this process does not tell apart."""
    weights = entry.get("class_weight")
    absent = set(HAM10000_CLASSES) - set(CLASSES)
    return isinstance(weights, dict) and bool(absent.intersection(weights))
