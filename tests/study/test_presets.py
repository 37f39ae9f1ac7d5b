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


def _stages(config: TrialConfig) -> list[tuple[Any, ...]]:
    return [(s.trainable, s.learning_rate, s.batch_size) for s in config.stages]


def test_the_five_are_there() -> None:
    """By name, in one order, each with one line of description that fits a terminal."""
    presets = load_presets()
    assert tuple(presets) == NAMES
    assert all(len(preset.description) < 62 for preset in presets.values())
    # The caption of chapter 11's table says so.
    assert {preset.measures[0].score for preset in presets.values()} == {"accuracy"}


def test_course_report_is_as_published() -> None:
    """Two stages at 224 px from ImageNet; the chosen backbone and the two others."""
    preset = find_preset("course-report")
    config = preset.config()
    assert (config.backbone, config.image_size, config.weights) == (
        "EfficientNetB3",
        (224, 224),
        "imagenet",
    )
    assert _stages(config) == [("head", 1e-3, 64), (5, 1e-5, 32)]
    assert preset.protocol.by == "image" and preset.protocol.fractions == (0.6, 0.2, 0.2)
    other = preset.variant("ResNet50")
    assert other.config().backbone == "ResNet50"
    assert other.measures[0].claim == "course_report.resnet50.accuracy"
    assert set(preset.variants) == {"ResNet50", "EfficientNetB3", "InceptionResNetV2"}


def test_course_report_is_the_trial_that_chapters_train() -> None:
    """Under `full` chapter 4's second augmentation and chapter 5's ResNet50 are the same trials."""
    full = load_profile("full")
    trials = {c.name: c for g in ("augmentation", "comparison") for c in full.trial_configs(g)}
    preset = find_preset("course-report")
    for name, config in (("Trial 2", preset.config()), ("ResNet50", _resnet50(preset))):
        assert config == trials[name].model_copy(update={"name": config.name})


def _resnet50(preset: Preset) -> TrialConfig:
    return preset.variant("ResNet50").config()


def test_screening_is_as_published() -> None:
    """Malignant or benign, CLAHE, ImageNet's statistics, last 50 layers, dropout 0.5."""
    config = find_preset("binary-screening").config()
    assert (config.backbone, config.target, config.preprocessing) == (
        "ResNet50",
        "malignant",
        "torch",
    )
    assert config.clahe is not None and config.dropout == 0.5 and config.head == "dense"
    assert _stages(config) == [("head", 1e-3, 32), (50, 1e-4, 32)]
    assert find_preset("binary-screening").protocol.division == "screening"


def test_tutorial_is_as_published() -> None:
    """Frozen VGG16, flatten, ten epochs at batch 32, and no claim."""
    preset = find_preset("vgg16-tutorial")
    config = preset.config()
    assert (config.backbone, config.head, config.epochs) == ("VGG16", "flatten", 10)
    assert _stages(config) == [("head", 1e-3, 32)]
    assert all(measure.claim is None for measure in preset.measures)


def test_browser_app_is_as_published() -> None:
    """Last 23 layers, Adam 0.01, batch 10, 30 epochs, melanoma 3, plateau of 2 by 0.5."""
    preset = find_preset("browser-mobilenet")
    config = preset.config()
    assert (config.backbone, config.dropout, config.epochs) == ("MobileNet", 0.25, 30)
    assert _stages(config) == [(23, 0.01, 10)]
    assert config.class_weight == {"mel": 3.0}
    assert (config.reduce_lr_factor, config.reduce_lr_patience) == (0.5, 2)
    assert {measure.split for measure in preset.measures} == {"valid"}


def test_focal_ensemble_is_as_published() -> None:
    """Five folds, views, focal loss, class weights, dropout, four kinds of augmentation."""
    preset = find_preset("focal-ensemble")
    config = preset.config()
    assert (config.backbone, config.loss, config.head) == ("ResNet50", "focal", "focal")
    assert config.class_weight != "none" and config.dropout > 0
    augmentation = config.augmentation
    assert augmentation.rotation_range and augmentation.cutout and augmentation.crop_range
    assert augmentation.horizontal_flip and augmentation.vertical_flip
    assert preset.n_folds() == 5 and preset.averages_views()
    on_test = [m.claim for m in preset.measures if m.split == "test" and m.claim]
    assert on_test == ["focal_loss.test.top_1_accuracy"]  # the one score of its test images
    assert {"image_size", "focal_gamma", "focal_alpha", "stages.learning_rate"} <= set(
        preset.chosen
    )


@pytest.mark.parametrize("name", NAMES)
def test_no_stage_ends_early_where_nobody_stopped_it(name: str) -> None:
    """A preset that says that the original had no early stopping has no effective patience."""
    preset = find_preset(name)
    if preset.chosen.get("early_stopping_patience", "").startswith(("it has no", "none is known")):
        config = preset.config()
        assert config.early_stopping_patience >= max(stage.epochs for stage in config.stages)
    else:
        assert name in ("course-report", "focal-ensemble")


@pytest.mark.parametrize("name", NAMES)
def test_what_ends_a_stage_and_lowers_the_rate_is_told(name: str) -> None:
    """None of it is published but the browser app's plateau, so that each is a choice."""
    preset = find_preset(name)
    config = preset.config()
    needed = {"monitor", "early_stopping_patience"}
    if config.reduce_lr_patience < max(stage.epochs for stage in config.stages):
        needed |= {"reduce_lr_patience", "reduce_lr_factor"}
    if name == "browser-mobilenet":
        needed -= {"reduce_lr_patience", "reduce_lr_factor"}
    assert needed <= set(preset.chosen)


@pytest.mark.parametrize("name", NAMES)
def test_choices_have_values_and_reasons(name: str) -> None:
    """Each names a field that exists, and why."""
    preset = find_preset(name)
    assert "protocol" in preset.chosen
    for path, why in preset.chosen.items():
        assert len(why) > 10
        assert preset.chosen_value(path) is not None


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
