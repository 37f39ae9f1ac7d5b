"""What a configuration accepts, and what it refuses with which words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from support.scored_trials import make_config

from helpers.core.classes import CLASSES, MALIGNANT, TARGET_INDEX, TARGETS
from helpers.core.errors import ConfigError
from helpers.study.profiles import load_profile
from helpers.training.trials import Task


def test_classes_follow_the_target() -> None:
    """Seven diagnoses, or benign before malignant; each diagnosis has its index in both."""
    assert make_config().classes == CLASSES
    assert make_config(target="malignant").classes == ("benign", "malignant")
    for target, classes in TARGETS.items():
        assert set(TARGET_INDEX[target]) == set(CLASSES)
        assert set(TARGET_INDEX[target].values()) == set(range(len(classes)))
    assert {dx for dx, index in TARGET_INDEX["malignant"].items() if index} == MALIGNANT


def test_weights_name_classes_of_the_target() -> None:
    """A weight for a class that the target does not have is refused, naming both."""
    assert make_config(class_weight={"mel": 3}).class_weight == {"mel": 3.0}
    assert make_config(target="malignant", class_weight={"malignant": 2}).classes[1] == "malignant"
    with pytest.raises(
        ValidationError, match=r"expected classes of the target 'diagnosis' \(akiec"
    ):
        make_config(class_weight={"melanoma": 3.0})
    with pytest.raises(ValidationError, match="'malignant' .benign, malignant.*got mel; name"):
        make_config(target="malignant", class_weight={"mel": 3.0})


@pytest.mark.parametrize(
    "fields",
    [
        {"class_weight": {"mel": 0}},
        {"class_weight": {"mel": float("nan")}},
        {"class_weight": "squared"},
        {"loss": "hinge"},
        {"focal_gamma": -1},
        {"focal_alpha": 0},
        {"logit_adjustment": -1},
        {"logit_adjustment": 1, "loss": "focal"},
        {"target": "benign"},
        {"preprocessing": "cooked"},
        {"head": "focal_pool"},
        {"clahe": {"clip_limit": 0}},
        {"clahe": {"tiles": 0}},
        {"clahe": {"tile": 8}},
    ],
)
def test_bad_fields_are_refused(fields: dict[str, Any]) -> None:
    """A value out of range or an unknown word is an error when the configuration is made."""
    with pytest.raises(ValidationError):
        make_config(**fields)


def test_a_profile_tells_where_the_wrong_class_is() -> None:
    """In a profile the error names the profile and its group."""
    profile = load_profile("smoke")
    entry = dict(profile.trials["comparison"][0], class_weight={"melanoma": 2})
    broken = profile.model_copy(update={"trials": {"comparison": [entry]}})
    with pytest.raises(ConfigError, match=r"profile smoke, trials\.comparison: .*got melanoma"):
        broken.trial_configs("comparison")


def test_a_configuration_survives_json(tmp_path: Any) -> None:
    """What an executor sends to another process comes back equal, nested fields included."""
    config = make_config(
        target="malignant",
        class_weight={"malignant": 2.5},
        clahe={"clip_limit": 3},
        loss="focal",
        preprocessing="torch",
        head="focal_flatten",
    )
    task = Task("key", config, tmp_path / "t", tmp_path / "i", tmp_path / "f")
    assert Task.from_payload(task.payload()) == task
