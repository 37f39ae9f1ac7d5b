"""Published claims against a run: each verdict by its rule, and never where it cannot apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from helpers.core.classes import CLASSES
from helpers.dataset.sources import Source
from helpers.reproduction.claims import (
    AUGMENTED,
    COMPARED,
    course_report_checks,
    order_verdict,
    protocol_table,
    value_obstacle,
    value_verdict,
)
from helpers.statistics.intervals import Estimate
from helpers.training.configuration import Stage, TrialConfig

DRAWN = Source("sample", Path("drawn"), True, "drawn sample")
REAL = Source("ham10000", Path("real"), False, "HAM10000")


def _predictions(n_right: int, n: int = 100) -> pd.DataFrame:
    """The first `n_right` of `n` images of nv and mel are right, each of its own lesion."""
    rows = []
    for index in range(n):
        dx, other = ("nv", "mel") if index % 2 else ("mel", "nv")
        said = dx if index < n_right else other
        row: dict[str, Any] = {f"p_{name}": float(name == said) for name in CLASSES}
        row |= {"image_id": f"ISIC_{index:03}", "lesion_id": f"HAM_{index:03}", "dx": dx}
        rows.append(row | {"y_true": CLASSES.index(dx), "split": "test"})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class FakeTrial:
    """What the rules ask of a trial."""

    config: TrialConfig
    n_right: int
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As a trial's."""
        return self.config.name

    def predictions_of(self, split: str) -> pd.DataFrame:
        """The same for every split."""
        return _predictions(self.n_right).assign(split=split)


def _trial(name: str, backbone: str, n_right: int, **fields: Any) -> Any:
    record = fields.pop("record", {"images_per_second": 50.0})
    options = {"image_size": (224, 224), "weights": "imagenet", "stages": (Stage(),)} | fields
    return FakeTrial(TrialConfig(name=name, backbone=backbone, **options), n_right, record)


def _comparison(scores: dict[str, int], **fields: Any) -> list[Any]:
    return [_trial(name, name, n_right, **fields) for name, n_right in scores.items()]


def _augmentation(*scores: int, **fields: Any) -> list[Any]:
    return [
        _trial(name, "EfficientNetB3", n_right, **fields)
        for name, n_right in zip(AUGMENTED, scores, strict=True)
    ]


PUBLISHED_ORDER = {"EfficientNetB3": 90, "InceptionResNetV2": 70, "ResNet50": 50}


def _verdicts(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["claim"], table["verdict"], strict=True))


def test_an_order_is_held_reversed_or_open() -> None:
    """All pairs shown, one pair reversed, and intervals that contain zero."""
    published = {"a": 0.9, "b": 0.8, "c": 0.7}

    def verdict(*scores: int) -> str:
        tables = {name: _predictions(n) for name, n in zip(published, scores, strict=True)}
        return order_verdict(tables, published)[0]

    assert verdict(90, 70, 50) == "held"
    assert verdict(70, 90, 50) == "not held"
    assert verdict(70, 69, 68) == "undecided"
    assert verdict(70, 70, 70) == "undecided"


def test_an_order_does_not_depend_on_how_models_are_listed() -> None:
    """The published values, and not the order of the mapping, say who should be better."""
    published = {"a": 0.7, "b": 0.9}
    tables = {"a": _predictions(90), "b": _predictions(50)}
    assert order_verdict(tables, published)[0] == "not held"
    assert order_verdict(dict(reversed(tables.items())), published)[0] == "not held"


def test_an_order_of_one_or_of_strangers_is_refused() -> None:
    """One model has no order, and a model without a published value none either."""
    with pytest.raises(ValueError, match="two or more"):
        order_verdict({"a": _predictions(5)}, {"a": 0.5})
    with pytest.raises(ValueError, match="without: b"):
        order_verdict({"a": _predictions(5), "b": _predictions(5)}, {"a": 0.5})


def test_a_value_is_held_where_the_interval_contains_it() -> None:
    """Inside, above and below."""
    estimate = Estimate(0.8, 0.75, 0.85, 100)
    assert value_verdict(estimate, 0.831)[0] == "held"
    assert value_verdict(estimate, 0.725) == ("not held", "the run's whole interval is above it")
    assert value_verdict(estimate, 0.9)[0] == "not held"


def test_obstacles_are_named() -> None:
    """No trial, drawn pictures, another network, random weights; none for the same study."""
    same = _trial("x", "ResNet50", 50)
    assert value_obstacle(same, REAL, "ResNet50") == ""
    assert "no trial of ResNet50" in value_obstacle(None, REAL, "ResNet50")
    scratch = _trial("x", "MobileNet", 50, weights="none")
    text = value_obstacle(scratch, DRAWN, "ResNet50")
    for part in ("drawn", "MobileNet", "random weights"):
        assert part in text


def test_drawn_pictures_test_orders_and_no_values() -> None:
    """On the sample an order can hold, but every published accuracy is not testable."""
    table = course_report_checks(_comparison(PUBLISHED_ORDER), _augmentation(70, 90, 50), DRAWN)
    verdicts = _verdicts(table)
    assert verdicts.pop("Order of the three backbones") == "held"
    assert verdicts.pop("Order of the augmentation trials") == "held"
    assert set(verdicts.values()) == {"not testable"}


def test_real_pictures_with_the_same_recipe_test_values() -> None:
    """Scores of 0.92, 0.80 and 0.50 of 100 against 0.825, 0.796 and 0.767."""
    scores = {"EfficientNetB3": 92, "InceptionResNetV2": 80, "ResNet50": 50}
    verdicts = _verdicts(course_report_checks(_comparison(scores), _augmentation(1, 2, 3), REAL))
    assert verdicts["Accuracy of EfficientNetB3"] == "not held"
    assert verdicts["Accuracy of InceptionResNetV2"] == "held"
    assert verdicts["Accuracy of ResNet50"] == "not held"
    assert verdicts["Accuracy of augmentation trial 2"] == "not held"


def test_the_order_of_the_augmentations_says_which_may_be_unfinished() -> None:
    """Beside the published accuracies, so that no verdict is read without it."""
    table = course_report_checks([], _augmentation(70, 90, 50), DRAWN).set_index("claim")
    published = table.loc["Order of the augmentation trials", "published"]
    assert published.startswith("Trial 2 0.831, Trial 1 0.825, Trial 3 0.725")
    assert "Trial 2 and Trial 3 ended out of memory" in published


def test_a_run_without_the_backbones_tests_nothing_of_them() -> None:
    """Other trials leave the claims not testable instead of failing."""
    other = [_trial("EfficientNetLite0", "EfficientNetLite0", 80, image_size=(48, 64))]
    table = course_report_checks(other, [], REAL)
    assert set(table["verdict"]) == {"not testable"}
    assert len(table) == len(COMPARED) + len(AUGMENTED) + 5


def test_backbones_from_unlike_weights_have_no_order() -> None:
    """ImageNet against random weights says nothing of architectures."""
    trials = _comparison(PUBLISHED_ORDER)
    trials[2] = _trial("ResNet50", "ResNet50", 50, weights="none")
    verdicts = _verdicts(course_report_checks(trials, [], REAL))
    assert verdicts["Order of the three backbones"] == "not testable"


def test_backbones_from_random_weights_have_no_order() -> None:
    """What was published is the order of pretrained networks."""
    trials = _comparison(PUBLISHED_ORDER, weights="none")
    verdicts = _verdicts(course_report_checks(trials, [], REAL))
    assert verdicts["Order of the three backbones"] == "not testable"


@pytest.mark.parametrize(
    ("size", "memory", "expected"),
    [((300, 300), 9000.0, "not held"), ((300, 300), None, "not testable"), ((224, 224), 9e3, None)],
)
def test_memory_is_tested_at_native_sizes_on_a_gpu(
    size: tuple[int, int], memory: float | None, expected: str | None
) -> None:
    """Three trainings that finished at native size on a GPU contradict; less tests nothing."""
    record = {"images_per_second": 50.0, "device_memory_mb": memory}
    trials = _comparison(PUBLISHED_ORDER, image_size=size, record=record)
    verdicts = _verdicts(course_report_checks(trials, [], REAL))
    claim = "Native input sizes do not fit into GPU memory"
    assert verdicts[claim] == (expected or "not testable")


def test_the_protocols_stand_side_by_side(tiny_catalogue: pd.DataFrame) -> None:
    """Counts of the splits, sizes and weights of the run are in its column."""
    catalogue = tiny_catalogue.assign(split="train")
    catalogue.loc[:9, "split"] = "test"
    table = protocol_table(_comparison(PUBLISHED_ORDER), catalogue, DRAWN, 0.31).set_index("what")
    run = table["this run"]
    assert run["train / validation / test"] == f"{len(catalogue) - 10} / 0 / 10"
    assert run["input (height x width)"] == "224 x 224"
    assert "ResNet50: ImageNet" in run["starts from"]
    assert "31%" in table.loc["kept together", "course report"]
