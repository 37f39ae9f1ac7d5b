"""Presets: the five systems as published, small where a profile says so, mistakes told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError
from helpers.study.downsizing import SmallSystems
from helpers.study.presets import (
    PRESETS,
    Preset,
    compared_presets,
    find_preset,
    load_presets,
    made_small,
)
from helpers.study.profiles import load_profile
from helpers.training.configuration import TrialConfig

NAMES = (
    "course-report",
    "binary-screening",
    "vgg16-tutorial",
    "browser-mobilenet",
    "focal-ensemble",
)


def test_the_five_are_there() -> None:
    """By name, in one order, each with one line of description that fits a terminal."""
    presets = load_presets()
    assert tuple(presets) == NAMES
    assert all(len(preset.description) < 62 for preset in presets.values())
    # The caption of chapter 11's table says so.
    assert {preset.measures[0].score for preset in presets.values()} == {"accuracy"}


def test_course_report_has_the_two_other_backbones() -> None:
    """With the claims of each."""
    preset = find_preset("course-report")
    other = preset.variant("ResNet50")
    assert other.config().backbone == "ResNet50"
    assert other.measures[0].claim == "course_report.resnet50.accuracy"
    assert set(preset.variants) == {"ResNet50", "EfficientNetB3", "InceptionResNetV2"}


def test_scores_are_of_the_images_of_their_claims() -> None:
    """The tutorial claims none; the browser app's are of validation; one is of the folds' test."""
    presets = load_presets()
    assert all(measure.claim is None for measure in presets["vgg16-tutorial"].measures)
    assert {measure.split for measure in presets["browser-mobilenet"].measures} == {"valid"}
    folds = presets["focal-ensemble"]
    on_test = [m.claim for m in folds.measures if m.split == "test" and m.claim]
    assert on_test == ["focal_loss.test.top_1_accuracy"]
    assert folds.n_folds() == 5 and folds.averages_views()


def test_course_report_is_the_trial_that_chapters_train() -> None:
    """Under `full` chapter 4's second augmentation and chapter 5's ResNet50 are the same trials."""
    full = load_profile("full")
    trials = {c.name: c for g in ("augmentation", "comparison") for c in full.trial_configs(g)}
    preset = find_preset("course-report")
    for name, config in (("Trial 2", preset.config()), ("ResNet50", _resnet50(preset))):
        assert config == trials[name].model_copy(update={"name": config.name})


def _resnet50(preset: Preset) -> TrialConfig:
    return preset.variant("ResNet50").config()


@pytest.mark.parametrize("name", NAMES)
def test_choices_have_values_and_reasons(name: str) -> None:
    """Each names a field that exists, and why."""
    preset = find_preset(name)
    for path, why in (preset.inferred | preset.chosen).items():
        assert len(why) > 10
        assert preset.value_of(path) is not None


def test_a_full_profile_changes_nothing() -> None:
    """Without changes the configuration is the published one, and nothing is said to be small."""
    for preset in load_presets().values():
        assert preset.config(SmallSystems(), seed=3) == preset.config(seed=3)
        assert made_small(preset, SmallSystems()) == [] == made_small(preset, None)


def test_small_keeps_what_a_system_is() -> None:
    """Loss, weights, target, head, preprocessing and rate stay; what changes is told."""
    small = SmallSystems(
        backbone="EfficientNetLite0",
        image_size=(48, 64),
        head_only=True,
        augmented=False,
        epochs=2,
        folds=2,
        views=False,
    )
    for preset in load_presets().values():
        before, after = preset.config(), preset.config(small, name="x", seed=4)
        kept = ("loss", "class_weight", "target", "head", "dropout", "preprocessing", "clahe")
        assert all(getattr(before, field) == getattr(after, field) for field in kept)
        assert [stage.trainable for stage in after.stages] == ["head"] and after.epochs == 2
        assert after.stages[0].learning_rate == before.stages[0].learning_rate
        assert (after.name, after.seed, after.augmentation.is_identity) == ("x", 4, True)
    told = made_small(find_preset("focal-ensemble"), small)
    assert told == [
        "EfficientNetLite0 for ResNet50",
        "48 × 64 pixels for 224 × 224",
        "only the head learns",
        "at most 2 epochs for 40",
        "no augmentation",
        "2 folds for 5",
        "one view of each image",
    ]
    assert "only the head learns" not in made_small(find_preset("vgg16-tutorial"), small)


def test_other_weights_are_told() -> None:
    """A system that starts from random weights is not the one that was published."""
    preset = find_preset("binary-screening")
    small = SmallSystems(backbone="SmallNetwork", weights="none")
    assert preset.config(small).weights == "none"
    told = made_small(preset, small)
    assert told[-1] == "random weights for ImageNet" and len(told) == 2
    assert made_small(preset, SmallSystems(weights="imagenet")) == []


def test_a_profile_names_what_it_compares() -> None:
    """All, or some in the presets' order; a name that there is not is an error."""
    assert [preset.name for preset in compared_presets(SmallSystems())] == list(NAMES)
    some = SmallSystems(compared=("focal-ensemble", "course-report"))
    assert [preset.name for preset in compared_presets(some)] == ["course-report", "focal-ensemble"]
    with pytest.raises(ConfigError, match=r"compared: expected presets among course-report.*vgg19"):
        compared_presets(SmallSystems(compared=("vgg19",)))


def test_unknown_presets_and_backbones_are_told() -> None:
    """The message lists the five, or the backbones that a system was published with."""
    with pytest.raises(ConfigError, match="expected one of course-report, .*focal-ensemble, got"):
        find_preset("focal")
    with pytest.raises(ConfigError, match="published with .*ResNet50.* got 'VGG16'"):
        find_preset("course-report").variant("VGG16")
    with pytest.raises(ConfigError, match=r"published with \(MobileNet\), got 'VGG16'"):
        find_preset("browser-mobilenet").variant("VGG16")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "x: colour"),
        ({"title": ""}, "x: title"),
        ({"trial": {"backbone": "ResNet50"}}, "trial.*image_size"),
        ({"measures": [{"score": "beauty"}]}, "scores among accuracy.*'beauty'"),
        ({"measures": [{"score": "accuracy", "claim": "course_report.x"}]}, "published number"),
        ({"measures": [{"score": "accuracy", "split": "train"}]}, "split"),
        ({"chosen": {"learning_rate": "nobody knows"}}, "expected fields of a trial"),
        ({"chosen": {"stages.colour": "nobody knows"}}, "field of every stage"),
        ({"inferred": {"colour": "nobody knows"}}, "expected fields of a trial"),
        (
            {
                "protocol": {
                    "division": "split",
                    "by": "image",
                    "words": "x",
                    "fractions": [0.9, 0.1, 0.0],
                }
            },
            "none of test",
        ),
        ({"variants": {"ResNet49": "screening.auc"}}, "expected a backbone"),
        ({"protocol": {"division": "split", "by": "image", "words": "x", "folds": 5}}, "folds"),
    ],
)
def test_mistakes_are_told_with_their_place(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    """An unknown field, score, claim or choice, and a trial that is not whole."""
    content = yaml.safe_load(PRESETS.read_text(encoding="utf-8"))["course-report"]
    path = tmp_path / "mine.yml"
    path.write_text(yaml.safe_dump({"x": content | change}), encoding="utf-8")
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        load_presets(path)


def test_trial_fields_that_are_given_are_refused(tmp_path: Path) -> None:
    """Name, seed and folder of weights belong to whoever trains."""
    content = yaml.safe_load(PRESETS.read_text(encoding="utf-8"))["course-report"]
    content["trial"]["seed"] = 3
    path = tmp_path / "mine.yml"
    path.write_text(yaml.safe_dump({"x": content}), encoding="utf-8")
    with pytest.raises(ConfigError, match="expected none of name, seed, weights_dir, got seed"):
        load_presets(path)


def test_weights_name_known_classes() -> None:
    """The class whose images weigh three is one of the seven."""
    weights = find_preset("browser-mobilenet").config().class_weight
    assert isinstance(weights, dict) and set(weights) <= set(CLASSES)
