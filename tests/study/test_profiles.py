"""Profiles: every file is valid, and a mistake in one is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helpers.core.errors import ConfigError
from helpers.study.presets import compared_presets
from helpers.study.profiles import list_profiles, load_profile, profile_path


@pytest.mark.parametrize("name", list_profiles())
def test_profiles_are_whole(name: str) -> None:
    """Every profile has the groups of trials that the chapters ask for, with unlike names."""
    profile = load_profile(name)
    for group in ("augmentation", "comparison", "imbalance", "ablation", "backbones"):
        names = [config.name for config in profile.trial_configs(group)]
        assert len(names) == len(set(names)) >= 2
    names = [config.name for config in profile.trial_configs("augmentation")]
    assert names == ["No augmentation", "Trial 1", "Trial 2", "Trial 3", "Symmetries"]


def test_the_three_that_are_meant() -> None:
    """The laptop draws its data; the full study has published recipe and size, and native ones."""
    assert {"smoke", "quick", "full"} <= set(list_profiles())
    assert load_profile("quick").source == "sample"
    full = load_profile("full")
    sizes = {config.name: config.image_size for config in full.trial_configs("comparison")}
    assert sizes == {
        "ResNet50": (224, 224),
        "EfficientNetB3": (224, 224),
        "InceptionResNetV2": (224, 224),
        "EfficientNetB3 at 300": (300, 300),
        "InceptionResNetV2 at 299": (299, 299),
    }
    for config in full.trial_configs("comparison"):
        assert [stage.trainable for stage in config.stages] == ["head", 5]
        assert [stage.learning_rate for stage in config.stages] == [1e-3, 1e-5]
        assert [stage.batch_size for stage in config.stages] == [64, 32]


def test_reference_is_for_real_images_without_a_download() -> None:
    """All images, weights that come with a package, and three seeds of each start in chapter 5."""
    profile = load_profile("reference")
    assert (profile.source, profile.max_images) == ("ham10000", None)
    starts: dict[str, set[int]] = {}
    for config in profile.trial_configs("comparison"):
        starts.setdefault(config.weights, set()).add(config.seed)
    assert {name: len(seeds) for name, seeds in starts.items()} == {"imagenet": 3, "none": 3}
    systems = [preset.config(profile.systems) for preset in compared_presets(profile.systems)]
    learned = [c for group in profile.trials for c in profile.trial_configs(group)] + systems
    assert {c.backbone for c in learned if c.weights == "imagenet"} == {"EfficientNetLite0"}
    assert len(systems) == 5
    (course,) = [c for c in systems if c.head == "linear" and len(c.stages) == 2]
    assert [stage.trainable for stage in course.stages] == ["head", 5]


def test_seed_reaches_the_trials() -> None:
    """A run's seed replaces the profile's in every trial."""
    assert {c.seed for c in load_profile("smoke").trial_configs("comparison", seed=9)} == {9}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample_images": 3}, "sample_images.*got 3"),
        ({"colour": "red"}, "colour"),
        ({"trials": {"comparison": [{"name": "x", "recipe": "none such"}]}}, "recipe"),
        ({"trials": {"comparison": [{"name": "x", "recipe": "tiny", "lr": 1}]}}, "comparison: lr"),
    ],
)
def test_mistakes_are_told_with_their_place(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    """An unknown field, a value out of range and an unknown recipe are named."""
    content = yaml.safe_load(profile_path("smoke").read_text(encoding="utf-8"))
    path = tmp_path / "mine.yml"
    path.write_text(yaml.safe_dump(content | change), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_profile(path)


def test_unknown_profile_lists_the_known(tmp_path: Path) -> None:
    """A profile that is not there, and one that is no YAML, are told."""
    with pytest.raises(ConfigError, match="quick, reference, smoke"):
        load_profile("fast")
    broken = tmp_path / "broken.yml"
    broken.write_text("a: [", encoding="utf-8")
    with pytest.raises(ConfigError, match="expected YAML"):
        load_profile(broken)
