"""Presets and profiles, field by field, against what the sources of the five systems say.

`SOURCES` was typed from the sources, and not from the presets. A value stands under how it is
known: "said" in the source, "shown" by it without being said, or "ours" where it is not in it.
Fields that are not named have the value of `NOTHING`: the source has nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from helpers.study.presets import Preset, load_presets
from helpers.study.profiles import load_profile
from helpers.training.configuration import TrialConfig

NOT_PUBLISHED = ("name", "seed", "weights_dir", "start", "precision", "batch_norm_momentum")
"""Fields that are a run's, or that no source could have."""

NOTHING: dict[str, Any] = {
    "protocol.seed": None,
    "protocol.folds": None,
    "protocol.views": False,
    "target": "diagnosis",
    "preprocessing": None,  # the backbone's own
    "clahe": None,
    "dropout": 0.0,
    "loss": "cross_entropy",
    "focal_gamma": 2.0,  # of a loss that is not used
    "focal_alpha": 0.25,
    "logit_adjustment": 0.0,
    "class_weight": "none",
    "reduce_lr_factor": 0.5,
    "least_learning_rate": 0.0,
    "augmentation.rotation_range": 0.0,
    "augmentation.width_shift_range": 0.0,
    "augmentation.height_shift_range": 0.0,
    "augmentation.shear_range": 0.0,
    "augmentation.zoom_range": 0.0,
    "augmentation.horizontal_flip": False,
    "augmentation.vertical_flip": False,
    "augmentation.crop_range": 0.0,
    "augmentation.brightness_range": 0.0,
    "augmentation.contrast_range": 0.0,
    "augmentation.saturation_range": 0.0,
    "augmentation.hue_range": 0.0,
    "augmentation.cutout": 0.0,
    "augmentation.fill_mode": "nearest",  # Keras' default
    "stages.batch_norms": ["frozen", "frozen"],
    "stages.weight_decay": [0.0, 0.0],
    "stages.decay": ["plateau", "plateau"],
}

SOURCES: dict[str, dict[str, dict[str, Any]]] = {
    "course-report": {
        "said": {
            "protocol.division": "split",
            "protocol.fractions": [0.6, 0.2, 0.2],
            "backbone": "EfficientNetB3",
            "image_size": [224, 224],
            "head": "linear",  # global average pooling, Dense(7, softmax)
            "augmentation.rotation_range": 5.0,
            "augmentation.width_shift_range": 0.1,
            "augmentation.height_shift_range": 0.1,
            "augmentation.shear_range": 0.1,
            "augmentation.zoom_range": 0.1,
            "augmentation.horizontal_flip": True,
            "stages.trainable": ["head", 5],
            "stages.batch_norms": ["frozen", "learn"],  # all but the last five are frozen again
            "stages.learning_rate": [1e-3, 1e-5],
            "stages.batch_size": [64, 32],
            "stages.epochs": [20, 10],
        },
        "shown": {
            "protocol.by": "image",
            "weights": "imagenet",  # printed for one of the three backbones
            "loss": "cross_entropy",
            "monitor": "val_loss",
            "early_stopping_patience": 3,
        },
        "ours": {"reduce_lr_patience": 20, "protocol": "validation or test is not said"},
    },
    "binary-screening": {
        "said": {
            "protocol.division": "screening",
            "backbone": "ResNet50",
            "weights": "imagenet",
            "image_size": [224, 224],
            "preprocessing": "torch",
            "dropout": 0.5,
            "augmentation.rotation_range": 15.0,
            "augmentation.zoom_range": 0.1,
            "augmentation.brightness_range": 0.2,
            "augmentation.horizontal_flip": True,
            "augmentation.vertical_flip": True,
            "stages.learning_rate": [1e-3, 1e-4],
            "stages.batch_size": [32, 32],
        },
        "shown": {
            "target": "malignant",
            "protocol.by": "image",
            "stages.trainable": ["head", 50],
        },
        "ours": {
            "protocol.fractions": [0.6, 0.2, 0.2],  # not looked at
            "clahe": {"clip_limit": 2.0, "tiles": 8},
            "head": "dense",
            "stages.epochs": [10, 10],
            "stages.batch_norms": ["frozen", "learn"],
            "monitor": "val_loss",
            "early_stopping_patience": 10,
            "reduce_lr_patience": 10,
        },
    },
    "vgg16-tutorial": {
        "said": {
            "backbone": "VGG16",
            "weights": "imagenet",
            "image_size": [224, 224],
            "preprocessing": "raw",  # the code, against its own text
            "head": "flatten",  # Flatten, Dense(256), Dense(7, softmax)
            "stages.trainable": ["head"],
            "stages.batch_size": [32],
            "stages.epochs": [10],
            "early_stopping_patience": 10,
            "reduce_lr_patience": 10,
        },
        "shown": {"stages.learning_rate": [1e-3]},
        "ours": {
            "protocol.division": "split",
            "protocol.by": "image",
            "protocol.fractions": [0.6, 0.2, 0.2],
            "monitor": "val_accuracy",
        },
    },
    "browser-mobilenet": {
        "said": {
            "protocol.division": "split",
            "protocol.by": "image",
            "protocol.fractions": [0.9, 0.1, 0.0],
            "protocol.seed": 101,
            "backbone": "MobileNet",
            "weights": "imagenet",
            "image_size": [224, 224],
            "head": "dropout",
            "dropout": 0.25,
            "augmentation.rotation_range": 180.0,
            "augmentation.width_shift_range": 0.1,
            "augmentation.height_shift_range": 0.1,
            "augmentation.zoom_range": 0.1,
            "augmentation.horizontal_flip": True,
            "augmentation.vertical_flip": True,
            "class_weight": {"mel": 3.0},
            "monitor": "val_top_3_accuracy",
            "early_stopping_patience": 30,  # none
            "reduce_lr_patience": 2,
            "reduce_lr_factor": 0.5,
            "least_learning_rate": 1e-5,
            "stages.trainable": [20],  # 23 with pooling, dropout and softmax
            "stages.batch_norms": ["learn"],
            "stages.learning_rate": [0.01],
            "stages.batch_size": [10],
            "stages.epochs": [30],
        },
        "shown": {},
        "ours": {},
    },
    "focal-ensemble": {
        "said": {
            "protocol.division": "folds",
            "protocol.folds": 5,
            "protocol.views": True,
            "backbone": "ResNet50",
            "weights": "imagenet",
            "loss": "focal",
            "augmentation.horizontal_flip": True,
        },
        "shown": {},
        "ours": {
            "protocol.by": "image",
            "protocol.fractions": [0.6, 0.2, 0.2],
            "image_size": [224, 224],
            "head": "focal",
            "dropout": 0.5,
            "focal_gamma": 2.0,
            "focal_alpha": 0.25,
            "class_weight": "balanced",
            "augmentation.rotation_range": 90.0,
            "augmentation.vertical_flip": True,
            "augmentation.crop_range": 0.2,
            "augmentation.cutout": 0.3,
            "augmentation.fill_mode": "reflect",
            "monitor": "val_balanced_accuracy",
            "early_stopping_patience": 5,
            "reduce_lr_patience": 3,
            "reduce_lr_factor": 0.5,
            "stages.trainable": ["head", "all"],
            "stages.learning_rate": [1e-3, 1e-4],
            "stages.batch_size": [64, 32],
            "stages.epochs": [10, 30],
        },
    },
}

AUGMENTATION_TRIALS: dict[str, dict[str, Any]] = {
    "Trial 1": {
        "rotation_range": 5.0,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "horizontal_flip": True,
    },
    "Trial 2": {
        "rotation_range": 5.0,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "shear_range": 0.1,
        "zoom_range": 0.1,
        "horizontal_flip": True,
    },
    "Trial 3": {
        "rotation_range": 5.0,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "shear_range": 0.1,
        "zoom_range": 0.1,
        "horizontal_flip": True,
        "vertical_flip": True,
    },
}
"""Of the course report; what is not named is nil, and the fill Keras' default."""


def flat(config: TrialConfig) -> dict[str, Any]:
    """A configuration's fields by path; those of stages as a list, one value a stage."""
    fields = config.model_dump(mode="json", exclude=set(NOT_PUBLISHED))
    stages, augmentation = fields.pop("stages"), fields.pop("augmentation")
    fields |= {f"augmentation.{name}": value for name, value in augmentation.items()}
    return fields | {f"stages.{name}": [part[name] for part in stages] for name in stages[0]}


def flat_preset(preset: Preset) -> dict[str, Any]:
    """The same, with the protocol's fields."""
    protocol = preset.protocol.model_dump(mode="json", exclude={"words"})
    return flat(preset.config()) | {f"protocol.{name}": value for name, value in protocol.items()}


def expected(name: str) -> dict[str, Any]:
    """What the sources say, and our choices, of every field."""
    source = SOURCES[name]
    known = {path: value for kind in source.values() for path, value in kind.items() if "." in path}
    known |= {path: value for kind in source.values() for path, value in kind.items()}
    known.pop("protocol", None)  # of both splits together
    n_stages = len(known["stages.epochs"])
    nothing = {
        path: value[:n_stages] if path.startswith("stages.") else value
        for path, value in NOTHING.items()
    }
    return nothing | known


def differing(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Fields whose values differ, or that only one of the two has."""
    paths = sorted(set(found) | set(wanted))
    return [p for p in paths if p not in found or p not in wanted or found[p] != wanted[p]]


def told(path: str) -> str:
    """Under which name a preset tells of a field."""
    return path.split(".")[0] if path.startswith(("protocol", "augmentation")) else path


@pytest.mark.parametrize("name", SOURCES)
def test_every_field_is_the_sources(name: str) -> None:
    """No more and no less than was published, and our choices where nothing was."""
    assert differing(flat_preset(load_presets()[name]), expected(name)) == []


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_not_said_is_told(name: str) -> None:
    """`chosen` has what is not in the source, `inferred` what it only shows, and nothing else."""
    preset, source = load_presets()[name], SOURCES[name]
    ours = {told(path) for path in source["ours"]}
    if name == "binary-screening":
        ours.remove("protocol")  # its shares are not looked at
    assert set(preset.chosen) == ours
    assert set(preset.inferred) == {told(path) for path in source["shown"]}


def _changed(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [_changed(value[0]), *value[1:]]
    if isinstance(value, int | float):
        return value + 1
    return "changed"


def _each_field_changed() -> Iterator[tuple[str, str]]:
    for name in SOURCES:
        for path in flat_preset(load_presets()[name]):
            yield name, path


@pytest.mark.parametrize(("name", "path"), _each_field_changed())
def test_any_one_change_is_seen(name: str, path: str) -> None:
    """The comparison above fails for each field that somebody might change, and names it."""
    found = flat_preset(load_presets()[name])
    found[path] = _changed(found[path])
    assert differing(found, expected(name)) == [path]


@pytest.mark.parametrize("profile", ["full", "quick", "smoke"])
def test_augmentation_trials_are_the_published_ones(profile: str) -> None:
    """In every profile, whatever its network."""
    trials = {c.name: c for c in load_profile(profile).trial_configs("augmentation")}
    for name, settings in AUGMENTATION_TRIALS.items():
        wanted = {f"augmentation.{field}": value for field, value in settings.items()}
        nothing = {path: v for path, v in NOTHING.items() if path.startswith("augmentation.")}
        found = {p: v for p, v in flat(trials[name]).items() if p.startswith("augmentation.")}
        assert differing(found, nothing | wanted) == [], name


FULL: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("augmentation", "Trial 2"): ("course-report", {}),
    ("comparison", "ResNet50"): ("course-report", {"backbone": "ResNet50"}),
    ("comparison", "EfficientNetB3"): ("course-report", {}),
    ("comparison", "InceptionResNetV2"): ("course-report", {"backbone": "InceptionResNetV2"}),
    ("comparison", "EfficientNetB3 at 300"): ("course-report", {"image_size": [300, 300]}),
    ("comparison", "InceptionResNetV2 at 299"): (
        "course-report",
        {"backbone": "InceptionResNetV2", "image_size": [299, 299]},
    ),
    ("screening", "CLAHE"): ("binary-screening", {}),
    ("screening", "Plain"): ("binary-screening", {"clahe": None}),
    ("imbalance", "Both"): ("focal-ensemble", {}),
    ("imbalance", "Class weights"): ("focal-ensemble", {"loss": "cross_entropy"}),
    ("imbalance", "Focal loss"): ("focal-ensemble", {"class_weight": "none"}),
    ("ablation", "Full model"): ("focal-ensemble", {}),
    ("ablation", "No dropout"): ("focal-ensemble", {"dropout": 0.0}),
    ("ablation", "No class weights"): ("focal-ensemble", {"class_weight": "none"}),
    ("ablation", "No FC"): ("focal-ensemble", {"head": "dropout"}),
    ("ablation", "No GAP"): ("focal-ensemble", {"head": "focal_flatten"}),
    ("backbones", "ResNet50"): ("focal-ensemble", {}),
    ("backbones", "VGG16"): ("focal-ensemble", {"backbone": "VGG16"}),
    ("backbones", "MobileNet"): ("focal-ensemble", {"backbone": "MobileNet"}),
    ("backbones", "EfficientNetB1"): ("focal-ensemble", {"backbone": "EfficientNetB1"}),
    ("folds", "Fold"): ("focal-ensemble", {}),
}
"""Trials of the profile `full` that are a published system, and what differs in them."""


@pytest.mark.parametrize(("group", "name"), FULL)
def test_the_full_profile_trains_what_was_published(group: str, name: str) -> None:
    """The same fields as the system, but for what the trial is there to change."""
    trials = {config.name: config for config in load_profile("full").trial_configs(group)}
    system, changes = FULL[group, name]
    wanted = {p: v for p, v in expected(system).items() if not p.startswith("protocol.")}
    assert differing(flat(trials[name]), wanted | changes) == []
